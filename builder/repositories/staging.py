"""What a publication is about to write: all its files, gathered and hashed before the first is published."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.release import atomic
from builder.repositories.sitefile import Kind, Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SMALL = 256 * 1024  # bytes that are held in memory, as most indexes are


class Staged(msgspec.Struct, frozen=True):
    """A file that is to be written: what the list says of it, and its bytes or the file that holds them."""

    listed: Listed
    content: bytes | Path

    def __repr__(self) -> str:
        """Say which it is, and nothing of what it holds."""
        return f"{type(self).__name__}({self.listed.path!r})"


class StagingArea:
    """Gathers files; see the protocol Staging. What is large lies in a folder of its own meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: dict[str, Staged] = {}

    def put(self, path: str, kind: Kind, content: bytes | str | Iterable[bytes]) -> Listed:
        """Take a file's content; return what became of it."""
        if isinstance(content, str):
            content = content.encode("utf-8")
        if isinstance(content, bytes):
            kept: bytes | Path = content
            digest, size = hashlib.sha256(content).hexdigest(), len(content)
        else:
            kept, digest, size = self._gather(content)
        listed = Listed(path.replace("{sha256}", digest), kind, size, digest)
        return self._keep(Staged(listed, kept))

    def copy(self, staged: Listed, path: str, kind: Kind) -> Listed:
        """Take the content of a file that was put, once more under another path."""
        listed = msgspec.structs.replace(staged, path=path, kind=kind)
        return self._keep(Staged(listed, self.files[staged.path].content))

    def chunks(self, listed: Listed) -> Iterator[bytes]:
        """Yield the content of a file that was put."""
        content = self.files[listed.path].content
        if isinstance(content, bytes):
            yield content
            return
        with content.open("rb") as stream:
            while chunk := stream.read(_SMALL):
                yield chunk

    def _keep(self, staged: Staged) -> Listed:
        other = self.files.setdefault(staged.listed.path, staged)
        if other.listed != staged.listed:
            raise AssertionError(f"{staged.listed.path}: two contents for one file")
        return staged.listed

    def _gather(self, chunks: Iterable[bytes]) -> tuple[bytes | Path, str, int]:
        """Read chunks into memory as long as they are few, else into a file."""
        digest, held, size, stream = hashlib.sha256(), [], 0, None
        with contextlib.ExitStack() as stack:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                held.append(chunk)
                if size > _SMALL and stream is None:
                    path = self._folder / str(len(list(self._folder.iterdir())))
                    stream = stack.enter_context(path.open("wb"))
                if stream is not None:
                    stream.write(b"".join(held))
                    held.clear()
            kept: bytes | Path = Path(stream.name) if stream is not None else b"".join(held)
        return kept, digest.hexdigest(), size


@contextlib.contextmanager
def stage(beside: Path) -> Iterator[StagingArea]:
    """Yield a stage whose large files lie in a folder in `beside`, on the same disk, until it ends."""
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(atomic.staged_folder(beside, "stage"))
        except OSError as error:
            raise atomic.unwritable(beside, error) from error
        yield StagingArea(folder)

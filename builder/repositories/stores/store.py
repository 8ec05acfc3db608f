"""A store: where a site's files lie, be it a folder or a bucket, and one publisher's turn to change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from builder.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from builder.repositories.sitefile import Kind

# Bytes, a local file that holds them, or what yields them, from the start each time that it is called.
Content = bytes | Path | Callable[[], Iterable[bytes]]
CHUNK = 1024 * 1024
MAX_BYTES = 512 * 1024 * 1024  # of one file of a site: an index of 100,000 packages comes nowhere near
_HIDDEN = ("", ".", "..")


class OversizedError(OutputError):
    """A file has more bytes than were asked for."""


class InvalidNameError(OutputError):
    """A store holds something whose name is no path, and says what else it holds only without that."""


class Turn(Protocol):
    """The right to change a store, which one publisher has at a time."""

    def keep(self) -> None:
        """Hold it for longer if it ends by itself and that is near; raises OutputError as `renew`."""
        ...

    def renew(self) -> None:
        """Make sure that it is still ours, and hold it for longer; raise OutputError if it was taken."""
        ...


class SiteReader(Protocol):
    """Where a site is read from; paths are below its root, with no slash in front.

    Raises OutputError for what cannot be reached or read, OversizedError for what is larger than asked for,
    and FileNotFoundError for a file that is not there.
    """

    @property
    def name(self) -> str:
        """The folder, or the URL, as it was given."""
        ...

    def read(self, path: str, limit: int = MAX_BYTES) -> bytes:
        """Return a file of at most `limit` bytes."""
        ...

    def chunks(self, path: str, limit: int = MAX_BYTES) -> Iterator[bytes]:
        """Yield a file of at most `limit` bytes piece by piece."""
        ...


class SiteStore(SiteReader, Protocol):
    """Where a site can be changed, too; each file is there whole or as it was, whoever reads it.

    `lanes` is how many files may be written at the same time.
    """

    @property
    def lanes(self) -> int:
        """One, or more where each write waits for a network."""
        ...

    def names(self, below: str = "") -> Iterator[str]:
        """Yield the path of each file below a folder (empty: of all), sorted; those of others, too."""
        ...

    def put(self, path: str, content: Content, kind: Kind) -> None:
        """Make `content` what the file holds."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file if it is there, and with it a folder that it was the last one in."""
        ...

    def turn(self) -> AbstractContextManager[Turn]:
        """Wait until nobody else changes the store, and keep others from it meanwhile.

        Raises OutputError where it takes too long.
        """
        ...


def checked(path: str) -> tuple[str, ...]:
    """Return the parts of a path below a site's root; raise OutputError for one that could lead out of it."""
    parts = tuple(path.split("/"))
    if any(part in _HIDDEN for part in parts) or "\0" in path or "\\" in path:
        raise OutputError(f"{path!r}: is no path of a site's file")
    return parts


def pieces(content: Content) -> Iterator[bytes]:
    """Yield what a file is to hold, a piece at a time."""
    if isinstance(content, bytes):
        yield content
    elif callable(content):
        yield from content()
    else:
        with content.open("rb") as stream:
            while data := stream.read(CHUNK):
                yield data

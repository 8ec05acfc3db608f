"""A change to a folder of keys, whole or not at all: keys.json says which, and a journal what belongs to it.

What a killed run has left is removed by the next one: new keys that keys.json does not name, or old private
ones that are to be there no more.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SignatureError
from builder.release import atomic
from builder.signing import new, private_file
from builder.signing.key_folder import INDEX
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from builder.signing.key_folder import KeysFile
    from builder.signing.new import KeptFile

_JOURNAL = ".trustpack-journal.json"


class _Journal(msgspec.Struct, frozen=True):
    """The SHA-256 of keys.json once the change is done, and of each file that it adds; those it removes."""

    index: str
    added: dict[str, str]
    removed: list[str]


def replace(
    folder: Path, file: KeysFile, *, added: Mapping[str, KeptFile] | None = None, removed: Sequence[str] = ()
) -> None:
    """Add files, let keys.json hold `file`, and then remove files; raise SignatureError.

    The folder's lock is held. Where it fails, the folder is as it was, or the message says that it is not.
    """
    added, index = added or {}, new.index(file)
    digests = {name: _digest(kept.data) for name, kept in added.items()}
    journal = _Journal(_digest(index), digests, list(removed))
    try:
        atomic.put(folder / _JOURNAL, msgspec.json.encode(journal), mode=private_file.MODE)
        for name, kept in added.items():
            atomic.put(folder / name, kept.data, mode=kept.mode)
        atomic.put(folder / INDEX, index, mode=new.PUBLIC)
        clear_up(folder)
    except OSError as error:
        where = error.filename2 or error.filename or folder
        with contextlib.suppress(OSError):  # the first error is told
            clear_up(folder)
        if _digest(files.read(folder / INDEX)) != journal.index:
            raise SignatureError(f"{where}: cannot be written: {error.strerror}") from None
        raise SignatureError(
            f"{where}: {error.strerror}; the keys are replaced all the same, as {folder / INDEX} says",
            hint=f"remove what is left: {', '.join([*removed, _JOURNAL])}",
        ) from None


def clear_up(folder: Path) -> None:
    """Finish the change that a journal tells of, or undo it where keys.json is as it was; raises OSError."""
    atomic.clear_up(folder)
    try:
        journal = msgspec.json.decode(files.read(folder / _JOURNAL), type=_Journal)
    except FileNotFoundError:
        return
    except (msgspec.DecodeError, files.NotAFileError, files.TooLargeError):
        return  # none of ours
    if _digest(files.read(folder / INDEX)) == journal.index:
        gone = journal.removed
    else:
        gone = [name for name, digest in journal.added.items() if _holds(folder / name, digest)]
    for name in gone:
        if "/" not in name:  # whoever wrote it
            (folder / name).unlink(missing_ok=True)
    (folder / _JOURNAL).unlink()


def _holds(path: Path, digest: str) -> bool:
    try:
        return _digest(files.read(path)) == digest
    except FileNotFoundError:
        return False


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

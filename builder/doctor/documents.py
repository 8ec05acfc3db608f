"""Hosts' reports as they come: a JSON document a file, one a line, or one after another, all within bounds.

Whoever sends one may be hostile: no size, name or shape is trusted, and a fault ends only its own document.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from builder.errors import UsageError
from builder.text import files
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DOCUMENT_BYTES = 8 * 1024 * 1024  # of one host: some ten thousand stores, where a machine has a hundred
_MOST_FILES = 200_000
_MOST_PASSED = 8  # such pieces of one line, before the rest of its file is left
_SUFFIXES = (".json", ".jsonl", ".ndjson")
_TOO_LARGE = f"is larger than {DOCUMENT_BYTES} bytes"
_FEWER = "one host's report is far smaller: ask who has sent this"


class SourceDocument(msgspec.Struct, frozen=True):
    """The bytes of what should be one host's report, where they begin, and why they cannot be read, if so."""

    where: str
    data: bytes
    fault: str = ""
    hint: str = ""


def documents(inputs: Iterable[str], stdin: Callable[[], BinaryIO]) -> Iterator[SourceDocument]:
    """Yield every document of files, of folders' *.json, *.jsonl and *.ndjson, and of - for standard input.

    Raises UsageError where an input is not there at all.
    """
    for name in inputs:
        if name == "-":
            yield from _split(stdin(), "standard input")
            continue
        path = Path(name)
        if not name or not path.exists():
            said = f"{visible(name) or 'an input'}: is no file or folder"
            raise UsageError(said, hint="name hosts' reports, folders with them, or - for standard input")
        for file in _below(path) if path.is_dir() else [path]:
            yield from _of_file(file)


def _below(folder: Path) -> list[Path]:
    """Return the files of a folder and of those inside it, in their order; links lead nowhere."""
    found: list[Path] = []
    for top, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(top, name) for name in sorted(names) if name.endswith(_SUFFIXES)]
        if len(found) > _MOST_FILES:
            said = f"{visible(str(folder))}: has more than {_MOST_FILES} files"
            raise UsageError(said, hint="put them together: a document a line, in one .jsonl")
    return found


def _of_file(path: Path) -> Iterator[SourceDocument]:
    where = visible(str(path))
    try:
        if stat.S_ISLNK(path.lstat().st_mode) and not path.exists():
            yield SourceDocument(where, b"", "is a link to nothing")
            return
        with files.opened(path) as stream:
            if not os.fstat(stream.fileno()).st_size:
                yield SourceDocument(where, b"", "is empty: the doctor or who brought it has failed")
            yield from _split(stream, where)
    except OSError as error:
        yield SourceDocument(where, b"", f"cannot be read: {error.strerror or error}")


def _split(stream: BinaryIO, where: str) -> Iterator[SourceDocument]:
    """Yield each document of a stream.

    One ends with its line, or where a line is nothing but a closing brace: so `cat *.json` can be read, too.
    """
    kept = bytearray()
    begun = 0
    passing = False  # over the rest of what is too large
    for number, line, cut in _lines(stream):
        if line[:1] == b"{":  # inside a document no line begins so: what went on till here has no end
            if kept:
                yield SourceDocument(f"{where}:{begun}", bytes(kept))
            kept.clear()
            passing = False
        elif passing or not (kept or line.strip()):
            continue
        begun = begun if kept else number
        if cut or len(kept) + len(line) > DOCUMENT_BYTES:
            kept.clear()
            passing = not cut
            yield SourceDocument(f"{where}:{begun}", b"", _TOO_LARGE, _FEWER)
            continue
        kept += line
        if line.rstrip() == b"}" or (len(kept) == len(line) and line.rstrip().endswith(b"}")):
            yield SourceDocument(f"{where}:{begun}", bytes(kept))
            kept.clear()
    if kept:
        yield SourceDocument(f"{where}:{begun}", bytes(kept))


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Yield each line with its number, and whether it was cut off: nobody keeps one without an end."""
    number = 0
    while line := stream.readline(DOCUMENT_BYTES + 1):
        number += 1
        cut = len(line) > DOCUMENT_BYTES
        yield number, line, cut
        for _ in range(_MOST_PASSED):
            if not cut or not line or line.endswith(b"\n"):
                break
            line = stream.readline(DOCUMENT_BYTES)
        else:
            return  # a terabyte of nothing: whatever else is in there is not looked for

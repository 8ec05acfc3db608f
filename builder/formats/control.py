"""What packages of whole systems have in common: names and lines of control data, and absolute paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.model import File
from builder.text.quoting import visible

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from builder.model import Package

_LONGEST = 255  # bytes that a file system has for one name (NAME_MAX)


class Unwritable(Exception):  # noqa: N818  never leaves builder.formats, whose write() says whose package it is
    """What a format cannot hold, before it is said which package asks for it; `hint` is the way out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def line(what: str, text: str) -> str:
    """Return `text` if it is one line that shows all it holds; a second one would be a field of its own."""
    if visible(text) != text or text.strip() != text or not text:
        raise Unwritable(f"{what}: '{visible(text)}' is not one line of visible text")
    return text


def matching(what: str, text: str, pattern: re.Pattern[str]) -> str:
    """Return `text` if it is what the format calls `what`."""
    if not pattern.fullmatch(text):
        raise Unwritable(f"'{visible(text)}' is not {what}")
    return text


def maintainer(package: Package) -> str:
    """Return who answers for a package, as "Name <mailbox@domain>"."""
    organisation = package.organisation
    return line("contact", f"{organisation.contact_name} <{organisation.contact_email}>")


def placed(files: Iterable[File]) -> list[File]:
    """Return `files` sorted by path; raise Unwritable where they could not lie beside each other."""
    ordered = sorted(files, key=lambda file: file.path.encode())
    kinds: dict[str, str] = {}
    for file in ordered:
        _check_path(file.path)
        if file.path in kinds:
            raise Unwritable(f"two files have the path '{file.path}'")
        kinds[file.path] = file.kind
    for file in ordered:
        if above := next((path for path in _above(file.path) if kinds.get(path) == "file"), None):
            raise Unwritable(f"'{file.path}' lies below '{above}', which is a file")
    return ordered


def tree(files: Iterable[File]) -> list[File]:
    """Return `files` and every folder above them, sorted by path, without their leading slashes."""
    found = {file.path: file for file in placed(files)}
    for path in tuple(found):
        for folder in _above(path):
            found.setdefault(folder, File(folder, b"", 0o755, "dir"))
    relative = (File(file.path[1:], file.data, file.mode, file.kind) for file in found.values())
    return sorted(relative, key=lambda file: file.path.encode())


def _above(path: str) -> list[str]:
    """Return the folders that `path` lies in, but for the root."""
    return [path[:at] for at, character in enumerate(path) if character == "/" and at]


def _check_path(path: str) -> None:
    if not path.startswith("/") or visible(path) != path:
        raise Unwritable(f"'{visible(path)}' is not an absolute path")
    steps = path[1:].split("/")
    if not {"", ".", ".."}.isdisjoint(steps):
        raise Unwritable(f"'{path}' is not a plain path")
    if any(len(step.encode()) > _LONGEST for step in steps):
        raise Unwritable(f"'{path}' has a name of more than {_LONGEST} bytes")

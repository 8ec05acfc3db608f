"""The file .PKGINFO, in which Alpine's and Arch's packages describe themselves: "key = value" lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.formats.unpacked import Malformed, text

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = ".PKGINFO"


def write(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the file; a key that has several values is given several times."""
    return "".join(f"{key} = {value}\n" for key, value in fields).encode()


def read(data: bytes) -> dict[str, str]:
    """Return the fields, a key's values joined; raise Malformed without a name and a version."""
    fields: dict[str, str] = {}
    for line in text(data).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = line.partition(" = ")
        if not equals:
            raise Malformed(f"{NAME}: '{line}' is no field")
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    if "pkgname" not in fields or "pkgver" not in fields:
        raise Malformed(f"{NAME}: names no package and version")
    return fields

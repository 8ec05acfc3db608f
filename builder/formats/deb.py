"""Debian binary packages (deb(5)): an ar archive of debian-binary, control.tar and data.tar."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from builder.formats import compression, tar
from builder.formats.unpacked import Malformed, Unpacked, text

if TYPE_CHECKING:
    from builder.formats.unpacked import Entry

_MAGIC = b"!<arch>\n"
_HEADER = 60
_SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "config")
_CONTROL_LIMIT = 4 * 1024 * 1024
_MAX_MEMBERS = 16


def recognises(data: bytes) -> bool:
    """Tell whether `data` is an ar archive that starts as a Debian package does."""
    return data.startswith(_MAGIC + b"debian-binary")


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .deb and check its files against its own md5sums."""
    members = _ar(data)
    if members.get("debian-binary", b"")[:2] != b"2.":
        raise Malformed("debian-binary: the format is not 2.x")
    control = {e.path: e.data for e in _tar(members, "control.tar", _CONTROL_LIMIT) if e.kind == "file"}
    entries = tuple(replace(e, path="/" + e.path) for e in _tar(members, "data.tar", compression.LIMIT))
    fields = _fields(text(control.pop("control", b"")))
    if "Package" not in fields or "Version" not in fields:
        raise Malformed("control: names no package and version")
    _check_sums(text(control.pop("md5sums", b"")), entries)
    scripts = {name: text(control.pop(name)) for name in _SCRIPTS if name in control}
    # What is left (triggers, conffiles, templates, …) is declared, not run.
    metadata = fields | {name: text(raw) for name, raw in sorted(control.items())}
    return Unpacked("deb", fields["Package"], fields["Version"], metadata, entries, scripts)


def _ar(data: bytes) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    at = len(_MAGIC)
    while at < len(data):
        header = data[at : at + _HEADER]
        name, size = header[:16].rstrip(b" /").decode("ascii", "backslashreplace"), header[48:58].strip()
        if len(header) < _HEADER or header[58:] != b"`\n" or not size.isdigit():
            raise Malformed("the ar archive has a damaged header")
        if len(members) == _MAX_MEMBERS or name in members:
            raise Malformed(f"{name}: stands there twice, or is one of too many")
        at += _HEADER
        if int(size) > len(data) - at:
            raise Malformed(f"{name}: is cut off")
        members[name] = data[at : at + int(size)]
        at += int(size) + int(size) % 2
    return members


def _tar(members: dict[str, bytes], stem: str, limit: int) -> tuple[Entry, ...]:
    names = [name for name in members if name == stem or name.startswith(f"{stem}.")]
    if len(names) != 1:
        raise Malformed(f"{stem}: {'is missing' if not names else 'stands there twice'}")
    plain = members[names[0]]
    if names[0] != stem:
        plain = compression.decompress(names[0], plain, limit=limit)
    return tar.unpack(names[0], plain)


def _fields(control: str) -> dict[str, str]:
    """Read RFC 822 like control fields; a continuation line keeps its line break."""
    fields: dict[str, str] = {}
    for stanza in re.split(r"\n(?![ \t])", control.strip()):
        key, colon, value = stanza.partition(":")
        if not colon or key in fields:
            raise Malformed(f"control: '{key}' is no field, or stands there twice")
        fields[key] = value.strip()
    return fields


def _check_sums(md5sums: str, entries: tuple[Entry, ...]) -> None:
    """Check each sum that is given; dpkg itself demands none."""
    files = {entry.path: entry.data for entry in entries if entry.kind == "file"}
    for line in md5sums.splitlines():
        digest, _, path = line.partition("  ")
        found = files.get(f"/{path}")
        if found is None:
            raise Malformed(f"md5sums: {path} is not in the package")
        if hashlib.md5(found, usedforsecurity=False).hexdigest() != digest:
            raise Malformed(f"/{path}: does not match md5sums")

"""Alpine packages of format 2 (apk-package(5)): gzip streams of signature, control and data."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from builder.formats import compression, tar
from builder.formats.unpacked import Malformed, Unpacked, text

if TYPE_CHECKING:
    from builder.formats.unpacked import Entry

_FORMAT_3 = b"ADB"
_SIGNATURE = ".SIGN."
_INFO = ".PKGINFO"
_CHECKSUM = "APK-TOOLS.checksum.SHA1"


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a gzipped tar that starts with a signature or .PKGINFO, or a newer .apk."""
    return data.startswith(_FORMAT_3) or compression.gzip_head(data, 100).startswith(
        (_SIGNATURE.encode(), _INFO.encode() + b"\0")
    )


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read an .apk; check the data stream against `datahash` and each file against its own checksum."""
    if data.startswith(_FORMAT_3):
        raise Malformed("is an .apk of format 3; inspect reads format 2")
    parts = compression.gunzip_each(".apk", data)
    names = ["signature", "control", "data"][3 - len(parts) :]
    if len(parts) not in {2, 3}:
        raise Malformed(f"{len(parts)} gzip streams where an .apk has two or three")
    plain = dict(zip(names, parts, strict=True))
    signatures = tar.unpack("signature", plain["signature"][1]) if "signature" in plain else ()
    if any(not entry.path.startswith(_SIGNATURE) for entry in signatures):
        raise Malformed("signature: holds something else")
    control = {entry.path: entry.data for entry in tar.unpack("control", plain["control"][1])}
    info = _fields(text(control.pop(_INFO, b"")))
    if "pkgname" not in info or "pkgver" not in info:
        raise Malformed(f"{_INFO}: names no package and version")
    if hashlib.sha256(plain["data"][0]).hexdigest() != info.get("datahash"):
        raise Malformed("data: does not match datahash")
    scripts = {path.removeprefix("."): text(raw) for path, raw in sorted(control.items())}
    if signatures:
        info["signature"] = ", ".join(entry.path for entry in signatures)
    return Unpacked("apk", info["pkgname"], info["pkgver"], info, _data(plain["data"][1]), scripts)


def _data(plain: bytes) -> tuple[Entry, ...]:
    members = tar.unpack_with_pax("data", plain)
    for member in members:
        entry = member.entry
        if entry.kind == "file" and member.pax.get(_CHECKSUM) != _sha1(entry.data):
            raise Malformed(f"/{entry.path}: does not match its checksum")
    return tuple(replace(member.entry, path="/" + member.entry.path) for member in members)


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _fields(info: str) -> dict[str, str]:
    """Read "key = value" lines; a key that is given several times has its values joined."""
    fields: dict[str, str] = {}
    for line in info.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = line.partition(" = ")
        if not equals:
            raise Malformed(f"{_INFO}: '{line}' is no field")
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields

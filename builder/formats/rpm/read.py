"""RPM packages of format 4 (rpm.org: Format of the RPM file): lead, signature, header, cpio payload.

The library rpmfile is not used: it reads no folders, checks no digest, and unpacks without bound.
"""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING, Any

from builder.formats import compression, cpio
from builder.formats.rpm import tags
from builder.formats.rpm.header import parse
from builder.formats.rpm.parts import MAGIC, split
from builder.formats.unpacked import Entry, Malformed, Unpacked, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Values = Mapping[int, tuple[int | bytes, ...]]

_MAX_FILES = 20_000
_ALGORITHMS = {1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224"}
_METADATA = {
    1004: "Summary", 1005: "Description", 1007: "BuildHost", 1010: "Distribution", 1011: "Vendor",
    1014: "License", 1015: "Packager", 1016: "Group", 1020: "URL", 1021: "OS", 1022: "Arch",
    1044: "SourceRPM", 1047: "Provides", 1049: "Requires", 1054: "Conflicts", 1090: "Obsoletes",
    1125: "PayloadCompressor", 5046: "Recommends", 5049: "Suggests",
}  # fmt: skip
_SCRIPTS = {
    1023: ("pre", 1085), 1024: ("post", 1086), 1025: ("preun", 1087), 1026: ("postun", 1088),
    1151: ("pretrans", 1153), 1152: ("posttrans", 1154), 5104: ("preuntrans", 5106),
    5105: ("postuntrans", 5107), 1079: ("verify", 1091), 1065: ("trigger", 1092),
    5066: ("filetrigger", 5067), 5076: ("transfiletrigger", 5077),
}  # fmt: skip


def recognises(data: bytes) -> bool:
    """Tell whether `data` starts as an RPM package does."""
    return data.startswith(MAGIC)


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .rpm; check header, payload and every file against the digests it gives."""
    parts = split(data)
    header = {tag: field.values for tag, field in parse("header", parts.header, 0)[0].items()}
    signature = {tag: field.values for tag, field in parts.signature.items()}
    _check(signature, parts.header, parts.payload)
    _check_payload(header, parts.payload)
    metadata = {label: _text(header[tag]) for tag, label in _METADATA.items() if tag in header}
    metadata |= {f"{name}.interpreter": _text(header[by]) for name, by in _SCRIPTS.values() if by in header}
    scripts = {name: _text(header[tag], "\n") for tag, (name, _) in _SCRIPTS.items() if tag in header}
    if tags.NAME not in header or tags.VERSION not in header or tags.RELEASE not in header:
        raise Malformed("header: gives no name, version and release")
    epoch = f"{_text(header[tags.EPOCH])}:" if tags.EPOCH in header else ""
    version = f"{epoch}{_text(header[tags.VERSION])}-{_text(header[tags.RELEASE])}"
    return Unpacked(
        "rpm", _text(header[tags.NAME]), version, metadata, _entries(header, parts.payload), scripts
    )


def _check(signature: _Values, header: bytes, payload: bytes) -> None:
    """Check the digests of header, and of header and payload, as far as the signature header has them."""
    md5 = hashlib.md5(header + payload, usedforsecurity=False)
    sha1 = hashlib.sha1(header, usedforsecurity=False)
    if signature.get(tags.SIG_MD5, (md5.digest(),)) != (md5.digest(),):
        raise Malformed("header and payload: do not match their MD5 digest")
    if signature.get(tags.SIG_SHA1, (sha1.hexdigest().encode(),)) != (sha1.hexdigest().encode(),):
        raise Malformed("header: does not match its SHA-1 digest")
    if signature.get(tags.SIG_SHA256) != (hashlib.sha256(header).hexdigest().encode(),):
        raise Malformed("header: does not match its SHA-256 digest, or has none")


def _check_payload(header: _Values, payload: bytes) -> None:
    algorithm = _ALGORITHMS.get(_number(header.get(tags.PAYLOAD_ALGORITHM, (8,))[0]), "")
    if not algorithm:
        raise Malformed("payload: its digest is of an unknown kind")
    expected = (hashlib.new(algorithm, payload).hexdigest().encode(),)
    if header.get(tags.PAYLOAD_DIGEST, expected)[:1] != expected:
        raise Malformed("payload: does not match its digest")


def _entries(header: _Values, payload: bytes) -> tuple[Entry, ...]:
    if header.get(tags.PAYLOAD_FORMAT, (b"cpio",)) != (b"cpio",):
        raise Malformed("payload: is no cpio archive")
    columns = [
        header.get(tag, ())
        for tag in (tags.BASENAMES, tags.DIR_INDEXES, tags.FILE_MODES, tags.FILE_SIZES, tags.FILE_DIGESTS)
    ]
    columns += [
        header.get(tag, ()) for tag in (tags.FILE_USERS, tags.FILE_GROUPS, tags.FILE_LINKS, tags.FILE_FLAGS)
    ]
    if len({len(column) for column in columns}) > 1 or len(columns[0]) > _MAX_FILES:
        raise Malformed("header: its file lists differ in length, or are too long")
    archived = cpio.unpack(compression.decompress("payload", payload)) if columns[0] else {}
    folders = header.get(tags.DIR_NAMES, ())
    algorithm = _ALGORITHMS.get(_number(header.get(tags.DIGEST_ALGORITHM, (1,))[0]), "")
    entries = tuple(_entry(row, folders, archived, algorithm) for row in zip(*columns, strict=True))
    if extra := archived.keys() - {entry.path for entry in entries}:
        raise Malformed(f"{min(extra)}: is in the payload, but not in the header")
    return entries


def _entry(
    row: tuple[Any, ...], folders: tuple[Any, ...], archived: Mapping[str, bytes], algorithm: str
) -> Entry:
    name, folder, mode, size, digest, user, group, link, flags = row
    mode = _number(mode) & 0xFFFF
    if _number(folder) >= len(folders):
        raise Malformed(f"{_text((name,))}: is in a folder that the header does not name")
    path = _text((folders[folder],)) + _text((name,))
    owner = f"{_text((user,))}:{_text((group,))}"
    bits = stat.S_IMODE(mode)
    if stat.S_ISDIR(mode):
        return Entry(path, mode=bits, kind="dir", owner=owner)
    if stat.S_ISLNK(mode):
        return Entry(path, mode=bits, kind="link", owner=owner, link=_text((link,)))
    if _number(flags) & tags.GHOST:
        return Entry(path, mode=bits, owner=owner)
    data = archived.get(path)
    if data is None or not stat.S_ISREG(mode):
        raise Malformed(f"{path}: is not in the payload, or no file, folder or link")
    if size != len(data) or not algorithm or hashlib.new(algorithm, data).hexdigest().encode() != digest:
        raise Malformed(f"{path}: does not match its size and digest")
    return Entry(path, data, bits, owner=owner)


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise Malformed("header: a number is something else")
    return value


def _text(values: tuple[Any, ...], separator: str = ", ") -> str:
    return separator.join(text(value) if isinstance(value, bytes) else str(value) for value in values)

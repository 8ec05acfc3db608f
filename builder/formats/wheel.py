"""Python wheels (binary distribution format): a zip whose RECORD digests every other member."""

from __future__ import annotations

import base64
import csv
import email.parser
import email.policy
import hashlib
import io
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from builder.formats import compression
from builder.formats.unpacked import Entry, Malformed, Unpacked, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_ENTRIES = 20_000
_UNSIGNED = ("RECORD", "RECORD.jws", "RECORD.p7s")  # RECORD cannot digest itself or its signatures
_STARTUP = (".pth", ".start")  # site.py runs them at every start of the interpreter
# What zipfile raises on damaged input, found by fuzzing it.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError,
           OSError, struct.error, OverflowError, IndexError)  # fmt: skip


def recognises(data: bytes) -> bool:
    """Tell whether `data` starts as a zip does."""
    return data.startswith(b"PK\x03\x04")


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .whl and check every file against RECORD, and RECORD against the files."""
    entries = _zip(data)
    files = {entry.path: entry.data for entry in entries if entry.kind == "file"}
    folders = [path.removesuffix("WHEEL") for path in files if path.endswith(".dist-info/WHEEL")]
    if len(folders) != 1:
        raise Malformed("a zip without exactly one .dist-info/WHEEL is no wheel")
    _check_record(files, folders[0])
    metadata = _headers(files, f"{folders[0]}METADATA") | _headers(files, f"{folders[0]}WHEEL")
    if "Name" not in metadata or "Version" not in metadata:
        raise Malformed("METADATA: gives no name and version")
    scripts = {path: text(raw) for path, raw in sorted(files.items()) if path.endswith(_STARTUP)}
    return Unpacked("wheel", metadata["Name"], metadata["Version"], metadata, entries, scripts)


def _zip(data: bytes) -> tuple[Entry, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > _MAX_ENTRIES or sum(m.file_size for m in members) > compression.LIMIT:
                raise Malformed("unpacks to more than inspect reads")
            if len({member.filename for member in members}) != len(members):
                raise Malformed("a member stands there twice")
            # The sizes just summed are claims; ZipFile.read stops at them and then checks the CRC.
            return tuple(_entry(member, archive.read(member)) for member in members)
    except _DAMAGE as error:
        raise Malformed(f"damaged zip ({error})") from None


def _entry(member: zipfile.ZipInfo, data: bytes) -> Entry:
    mode = member.external_attr >> 16
    path = member.filename
    if path.startswith("/") or ".." in path.split("/"):
        raise Malformed(f"{path} leaves the package")
    kind = "dir" if member.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
    if kind == "link":
        return Entry(path, mode=stat.S_IMODE(mode), kind="link", link=text(data))
    return Entry(path.rstrip("/"), data, stat.S_IMODE(mode), "dir" if kind == "dir" else "file")


def _check_record(files: Mapping[str, bytes], folder: str) -> None:
    record = f"{folder}RECORD"
    try:
        rows = {row[0]: tuple(row[1:]) for row in csv.reader(io.StringIO(text(files.get(record, b""))))}
    except (csv.Error, IndexError) as error:
        raise Malformed(f"{record}: is not CSV ({error})") from None
    if missing := sorted(rows.keys() - files.keys()):
        raise Malformed(f"{record}: lists {missing[0]}, which is not there")
    exempt = {f"{folder}{name}" for name in _UNSIGNED}
    for path, data in files.items():
        if path not in exempt and rows.get(path) != (f"sha256={_digest(data)}", str(len(data))):
            raise Malformed(f"{path}: does not match RECORD")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode("ascii").rstrip("=")


def _headers(files: Mapping[str, bytes], path: str) -> dict[str, str]:
    """Read core metadata's headers; one that is given several times has its values joined."""
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(
        files.get(path, b""), headersonly=True
    )
    headers: dict[str, str] = {}
    for key, value in message.items():
        headers[key] = f"{headers[key]}, {value}" if key in headers else str(value)
    return headers

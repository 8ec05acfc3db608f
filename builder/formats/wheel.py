"""Python wheels (binary distribution format 1.0): a stored zip whose last member, RECORD, digests all others.

The `wheel` package's WheelFile stamps RECORD with the present and cannot write to memory.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from typing import TYPE_CHECKING

from builder.formats import zip as archive
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed, Unpacked, text
from builder.model import File

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}
_WHEEL = re.compile(r"[^/]+\.dist-info/WHEEL")
_UNSIGNED = ("RECORD", "RECORD.jws", "RECORD.p7s")  # RECORD cannot digest itself or its signatures
_STARTUP = (".pth", ".start")  # site.py runs them at every start of the interpreter


def write(package: Package) -> bytes:
    """Return the .whl; the package's .dist-info folder is the one that holds METADATA."""
    folders = [
        f.path.removesuffix("/METADATA") for f in package.files if f.path.endswith(".dist-info/METADATA")
    ]
    if len(folders) != 1:
        raise Unwritable("a wheel needs exactly one .dist-info/METADATA")
    information = folders[0] + "/"
    # PEP 427 recommends the .dist-info files to come last, so that tools can append or find them fast.
    files = sorted(package.files, key=lambda file: (file.path.startswith(information), file.path.encode()))
    record = File(f"{information}RECORD", _record(files, f"{information}RECORD"))
    return archive.write([*files, record], package.epoch)


def _record(files: list[File], own: str) -> bytes:
    rows = sorted((file.path, f"sha256={_digest(file.data)}", str(len(file.data))) for file in files)
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([*rows, (own, "", "")])
    return lines.getvalue().encode("utf-8")


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a zip with a wheel's WHEEL file, or one too damaged to say what it was."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        return any(_WHEEL.fullmatch(name) for name in archive.names(data))
    except Malformed:
        return True


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .whl and check every file against RECORD, and RECORD against the files."""
    entries = archive.read(data)
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


def _check_record(files: Mapping[str, bytes], folder: str) -> None:
    record = f"{folder}RECORD"
    try:
        rows = {row[0]: tuple(row[1:]) for row in csv.reader(io.StringIO(text(files.get(record, b""))))}
    except (csv.Error, IndexError):
        raise Malformed(f"{record}: is not CSV") from None
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
    # Imported here, as it takes longer than reading a wheel.
    import email.parser
    import email.policy

    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(
        files.get(path, b""), headersonly=True
    )
    headers: dict[str, str] = {}
    for key, value in message.items():
        headers[key] = f"{headers[key]}, {value}" if key in headers else str(value)
    return headers

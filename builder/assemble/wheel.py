"""A wheel (binary distribution format 1.0): a stored zip whose last member, RECORD, digests all others.

The `wheel` package's WheelFile stamps RECORD with the present and cannot write to memory.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from typing import TYPE_CHECKING

from builder import archive
from builder.errors import ConfigError
from builder.model import File

if TYPE_CHECKING:
    from builder.model import Package


def assemble(package: Package) -> bytes:
    """Return the .whl; the package's .dist-info folder is the one that holds METADATA."""
    folders = [
        f.path.removesuffix("/METADATA") for f in package.files if f.path.endswith(".dist-info/METADATA")
    ]
    if len(folders) != 1:
        raise ConfigError(f"recipe {package.target}: a wheel needs exactly one .dist-info/METADATA")
    information = folders[0] + "/"
    # PEP 427 recommends the .dist-info files to come last, so that tools can append or find them fast.
    files = sorted(package.files, key=lambda file: (file.path.startswith(information), file.path.encode()))
    record = File(f"{information}RECORD", _record(files, f"{information}RECORD"))
    return archive.zip_stored([*files, record], package.epoch)


def _record(files: list[File], own: str) -> bytes:
    rows = sorted((file.path, f"sha256={_digest(file.data)}", str(len(file.data))) for file in files)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*rows, (own, "", "")])
    return text.getvalue().encode("utf-8")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")

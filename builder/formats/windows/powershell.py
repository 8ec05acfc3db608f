"""The PowerShell script of the target 'windows', which carries its certificates as JSON; it is not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.formats.compression import LIMIT
from builder.formats.unpacked import Entry, Malformed, Unpacked
from builder.formats.windows import stores

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST = b"#Requires -Version 5.1"
_BEGIN, _END = b"\n$Package = @'\n", b"\n'@ | ConvertFrom-Json\n"  # a here-string, which ends at its own line


class _CarriedCertificate(msgspec.Struct, frozen=True):
    store: str
    thumbprint: str
    certificate: str


class _Carried(msgspec.Struct, frozen=True):
    package: str
    release: str
    certificates: list[_CarriedCertificate]


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a script that carries certificates as ours does."""
    return data.startswith(_FIRST) and _BEGIN in data


def unpack(name: str, data: bytes) -> Unpacked:
    """Read what a script carries: the script itself, and each certificate by the key that it is for."""
    if len(data) > LIMIT:
        raise Malformed("is longer than inspect reads")
    try:
        carried = msgspec.json.decode(data.partition(_BEGIN)[2].partition(_END)[0], type=_Carried)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("carries no list of certificates that can be read") from None
    entries = (Entry(name, data), *_entries(carried))
    return Unpacked("powershell", carried.package, carried.release, {}, entries)


def _entries(carried: _Carried) -> Iterator[Entry]:
    for one in carried.certificates:
        path = f"SystemCertificates/{one.store}/Certificates/{one.thumbprint}"
        yield stores.certificate_entry(path, stores.decoded(path, one.certificate))

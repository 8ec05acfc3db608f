"""A custom configuration of Intune (Microsoft Graph's windows10CustomConfiguration) that sets certificates.

Its settings are nodes of the RootCATrustedCertificates configuration service provider.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.formats.compression import LIMIT
from builder.formats.unpacked import Entry, Malformed, Unpacked
from builder.formats.windows import stores

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE = "#microsoft.graph.windows10CustomConfiguration"
_FIRST = re.compile(rb'\{\s*"@odata\.type":\s*"' + re.escape(_TYPE.encode()) + rb'"')
_NODE = re.compile(
    r"\./(?:Device/)?Vendor/MSFT/(RootCATrustedCertificates/[A-Za-z]+/[0-9A-F]{40})/EncodedCertificate"
)


class _OmaSetting(msgspec.Struct, frozen=True):
    omaUri: str  # noqa: N815  the name is Graph's
    value: str = ""


class _CustomConfiguration(msgspec.Struct, frozen=True):
    omaSettings: list[_OmaSetting]  # noqa: N815  the name is Graph's
    description: str = ""


def recognises(data: bytes) -> bool:
    """Tell whether `data` is JSON that begins as such a configuration does."""
    return _FIRST.match(data) is not None


def unpack(name: str, data: bytes) -> Unpacked:
    """Read a configuration: the file itself, and each certificate by the node that it is for."""
    if len(data) > LIMIT:
        raise Malformed("is longer than inspect reads")
    try:
        read = msgspec.json.decode(data, type=_CustomConfiguration)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("is no configuration that can be read") from None
    called, _, version = read.description.partition(" ")
    return Unpacked("intune", called, version, {}, (Entry(name, data), *_entries(read)))


def _entries(read: _CustomConfiguration) -> Iterator[Entry]:
    for one in read.omaSettings:
        if found := _NODE.fullmatch(one.omaUri):
            yield stores.certificate_entry(found[1], stores.decoded(found[1], one.value))

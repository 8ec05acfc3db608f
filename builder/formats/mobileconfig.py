"""Configuration profiles of Apple's systems: a property list of payloads, certificates, or CMS around it.

https://developer.apple.com/documentation/devicemanagement/configuring-multiple-devices-using-profiles
In packages a payload is the file TYPE/NAME, in PEM; a profile has it as DER. The name of a package is the
profile's identifier: what has the same one is replaced on a device, and what it no longer holds goes.
"""

from __future__ import annotations

import base64
import hashlib
import plistlib
import re
import uuid
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from builder.formats import cms
from builder.formats.compression import LIMIT
from builder.formats.control import Unwritable, line, matching
from builder.formats.metadata import LINE, TEXT, one_of
from builder.formats.unpacked import Entry, Malformed, Unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import File, Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {
    "display_name": LINE,
    "description": TEXT,
    "scope": one_of("System", "User"),
}

# A root is trusted, in silence only if management installs it; any other certificate is there for chains.
_TYPES = ("com.apple.security.pkcs1", "com.apple.security.root")
_READ = (*_TYPES, "com.apple.security.pem")  # the same, as others write it
_OURS = uuid.UUID("8e0c2c6e-5d0e-4f0b-9d55-7b1c7f6f2a51")  # the space of our names (RFC 9562, version 5)
_IDENTIFIER = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n")
_HEAD = b"<?xml"
_MARKS = (b"<plist", b"PayloadContent")
_NO_XML = str.maketrans({"\ufffe": "\\ufffe", "\uffff": "\\uffff"})  # no document of XML can hold them
_MAX_PAYLOADS = 20_000
# What plistlib raises for what it cannot read, or has read and cannot write, as what is nested deeply.
_UNREADABLE = (
    ExpatError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def write(package: Package) -> bytes:
    """Return the profile, unsigned."""
    name = matching("a profile's identifier", package.name, _IDENTIFIER)
    said = package.metadata
    texts = {
        "PayloadDescription": said.get("description", package.organisation.description),
        "PayloadDisplayName": said.get("display_name", package.organisation.summary),
        "PayloadOrganization": line("name", package.organisation.name),
    }
    profile = {
        **{key: text.translate(_NO_XML) for key, text in texts.items()},
        "PayloadContent": [_payload(name, file) for file in sorted(package.files, key=lambda one: one.path)],
        "PayloadIdentifier": name,
        "PayloadRemovalDisallowed": False,
        "PayloadScope": said.get("scope", "System"),
        "PayloadType": "Configuration",
        "PayloadUUID": _uuid(name),
        "PayloadVersion": 1,  # of what a profile is, and not of this one
    }
    return plistlib.dumps(profile, sort_keys=True)


def _payload(profile: str, file: File) -> Mapping[str, Any]:
    kind, _, called = file.path.partition("/")
    pem = _PEM.fullmatch(file.data)
    if kind not in _TYPES or not called or "/" in called:
        raise Unwritable(f"'{file.path}' is not TYPE/NAME, with one of the types {', '.join(_TYPES)}")
    if pem is None:
        raise Unwritable(f"'{file.path}' is not one certificate")
    der = base64.b64decode(pem[1])
    identifier = f"{profile}.{hashlib.sha256(der).hexdigest()}"
    return {
        "PayloadCertificateFileName": called,
        "PayloadContent": der,
        "PayloadDisplayName": called.rpartition(".")[0] or called,
        "PayloadIdentifier": identifier,
        "PayloadType": kind,
        "PayloadUUID": _uuid(identifier),
        "PayloadVersion": 1,
    }


def _uuid(identifier: str) -> str:
    return str(uuid.uuid5(_OURS, identifier)).upper()


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a property list of payloads, signed or not."""
    if not (data.startswith(_HEAD) or cms.is_signed(data)):
        return False
    return all(mark in data for mark in _MARKS)


def unsigned(data: bytes) -> bytes:
    """Return the property list that is inside a signature, or `data` itself; raise Malformed."""
    return cms.content(data) if cms.is_signed(data) else data


def unpack(name: str, data: bytes) -> Unpacked:
    """Read a profile; whoever signed it is not judged."""
    del name
    if len(data) > LIMIT:
        raise Malformed("is longer than inspect reads")
    try:
        return _read(data)
    except _UNREADABLE as error:
        raise Malformed(f"is no property list: {error}") from None


def _read(data: bytes) -> Unpacked:
    # In XML alone: the binary form is not what profiles are written in, and nests without end.
    profile = plistlib.loads(unsigned(data), fmt=plistlib.FMT_XML)
    if not isinstance(profile, dict) or not isinstance(profile.get("PayloadContent"), list):
        raise Malformed("is no profile with payloads")
    if len(profile["PayloadContent"]) > _MAX_PAYLOADS:
        raise Malformed(f"holds more than {_MAX_PAYLOADS} payloads")
    metadata = {str(key): str(value) for key, value in profile.items() if isinstance(value, str | int)}
    metadata |= {"Signature": "CMS"} if cms.is_signed(data) else {}
    entries = tuple(_entries(profile["PayloadContent"]))
    return Unpacked("mobileconfig", metadata.get("PayloadIdentifier", ""), "", metadata, entries)


def _entries(payloads: list[Any]) -> Iterator[Entry]:
    """Yield each payload as a file: a certificate in PEM, anything else as the property list that it is."""
    for number, payload in enumerate(payloads, start=1):
        if not isinstance(payload, dict):
            raise Malformed(f"payload {number}: is no dictionary")
        kind, content = str(payload.get("PayloadType", "")), payload.get("PayloadContent")
        called = str(payload.get("PayloadCertificateFileName") or payload.get("PayloadIdentifier") or number)
        if kind in _READ and isinstance(content, bytes):
            yield Entry(f"{kind}/{called}", _pem(content))
        else:
            yield Entry(f"{kind}/{called}", plistlib.dumps(payload, sort_keys=True))


def _pem(content: bytes) -> bytes:
    if content.startswith(b"-----BEGIN "):  # as some write it, and devices take it
        return content
    text = base64.b64encode(content).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode()

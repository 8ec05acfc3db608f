"""Find the certificates inside a package's files: PEM blocks (RFC 7468) and OpenSSL's TRUSTED CERTIFICATE.

And what a package says that it distrusts: by p11-kit's folders, and in the list that our packages carry.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt  # noqa: TC003  msgspec reads annotations at run time
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from builder.formats.unpacked import Malformed
from builder.inspect.contents import Held
from builder.model import Finding, Origin
from builder.text.quoting import visible
from builder.x509.certificate import read as certificate
from builder.x509.der import DerError, header

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BLOCKS = 20_000
# Only a whole line opens a block: program code that mentions the label inside a string holds no certificate.
_BEGIN = re.compile(rb"^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----[ \t]*\r?$", re.MULTILINE)

# p11-kit distrusts what lies in these folders of its sources.
_BLOCKLIST = re.compile(r"(^|/)bl(ock|ack)list/")
_LIST = re.compile(r"(^|/)certificates\.json$")


class _Listed(msgspec.Struct, frozen=True):
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    subject: str
    not_before: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    not_after: Annotated[dt.datetime, msgspec.Meta(tz=True)]


class _List(msgspec.Struct, frozen=True):
    """What trustpack's packages carry; see builder.inventory."""

    organisation: str
    release: str
    certificates: list[_Listed]
    distrusted: Annotated[list[_Listed], msgspec.Meta(max_length=_MAX_BLOCKS)]


def blocks(path: str) -> bool:
    """Tell whether p11-kit distrusts what lies at `path`."""
    return _BLOCKLIST.search(path) is not None


def listed(path: str, data: bytes) -> tuple[Held, ...] | None:
    """Return what the file `path` lists as distrusted, None where it is no list of trustpack's."""
    if not _LIST.search(path):
        return None
    try:
        found = msgspec.json.decode(data, type=_List)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # other people's packages have files of that name
    return tuple(_described(path, one) for one in found.distrusted)


def held(path: str, data: bytes) -> tuple[Held, ...]:
    """Return the certificates that the file `path` holds, in its order; Malformed where one is damaged."""
    return tuple(_describe(path, der) for der in _blocks(path, data))


def _blocks(path: str, data: bytes) -> Iterator[bytes]:
    for count, begin in enumerate(_BEGIN.finditer(data)):
        if count >= _MAX_BLOCKS:
            raise Malformed(f"{path}: more than {_MAX_BLOCKS} certificates")
        label = begin[1] or b""
        # The next dashes must be this block's END: nothing between two BEGIN lines is lost.
        end = data.find(b"-----", begin.end())
        if end < 0 or not data.startswith(b"-----END %bCERTIFICATE-----" % label, end):
            raise Malformed(f"{path}: a certificate has no END line")
        try:
            der = base64.b64decode(b"".join(data[begin.end() : end].split()), validate=True)
        except binascii.Error:
            raise Malformed(f"{path}: a certificate is not base64") from None
        # OpenSSL appends what the certificate is trusted for; the certificate is the first element.
        yield _first_element(path, der) if label == b"TRUSTED " else der


def _first_element(path: str, der: bytes) -> bytes:
    try:
        return der[: header(der, 0, len(der))[2]]
    except DerError as error:
        raise Malformed(f"{path}: a trusted certificate cannot be read: {error}") from None


def _describe(path: str, der: bytes) -> Held:
    found = certificate(der, Origin(path))
    if isinstance(found, Finding):
        raise Malformed(f"{path}: {found.message}")
    return Held(path, found.sha256, found.label, found.subject, found.not_before, found.not_after)


def _described(path: str, one: _Listed) -> Held:
    subject = visible(one.subject)
    return Held(path, one.sha256, subject, subject, one.not_before, one.not_after)

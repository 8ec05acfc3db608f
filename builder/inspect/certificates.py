"""Find the certificates inside a package's files: PEM blocks (RFC 7468) and OpenSSL's TRUSTED CERTIFICATE.

And what a package says that it distrusts: by p11-kit's folders, and in the list that our packages carry.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from builder.formats.unpacked import Malformed
from builder.inspect.contents import Held
from builder.model import Finding, Origin, summarise
from builder.render.inventory import Inventory
from builder.text.quoting import visible
from builder.x509 import pem
from builder.x509.certificate import read
from builder.x509.der import DerError, header

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BLOCKS = 20_000
_TRUSTED = "TRUSTED CERTIFICATE"
_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", _TRUSTED})

# p11-kit distrusts what lies in these folders of its sources.
_BLOCKLIST = re.compile(r"(^|/)bl(ock|ack)list/")
_LIST = re.compile(r"(^|/)certificates\.json$")


def blocks(path: str) -> bool:
    """Tell whether p11-kit distrusts what lies at `path`."""
    return _BLOCKLIST.search(path) is not None


def listed(path: str, data: bytes) -> tuple[Held, ...] | None:
    """Return what the file `path` lists as distrusted, None where it is no list of trustpack's."""
    if not _LIST.search(path):
        return None
    try:
        found = msgspec.json.decode(data, type=Inventory)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # other people's packages have files of that name
    if len(found.distrusted) > _MAX_BLOCKS or any(one.not_after is None for one in found.distrusted):
        return None
    named = (msgspec.structs.replace(one, subject=visible(one.subject)) for one in found.distrusted)
    return tuple(Held(path, one.subject, one) for one in named)


def held(path: str, data: bytes) -> tuple[Held, ...]:
    """Return the certificates that the file `path` holds, in its order; Malformed where one is damaged."""
    found = tuple(islice((_held(path, der) for der in _blocks(path, data)), _MAX_BLOCKS + 1))
    if len(found) > _MAX_BLOCKS:
        raise Malformed(f"{path}: more than {_MAX_BLOCKS} certificates")
    return found


def _blocks(path: str, data: bytes) -> Iterator[bytes]:
    for block in pem.embedded(data, path, _LABELS):
        if isinstance(block, Finding):
            raise Malformed(f"{block.origin}: {block.message}")
        # OpenSSL appends what the certificate is trusted for; the certificate is the first element.
        yield _first_element(block) if block.label == _TRUSTED else block.data


def _first_element(block: pem.Block) -> bytes:
    try:
        return block.data[: header(block.data, 0, len(block.data))[2]]
    except DerError as error:
        raise Malformed(f"{block.origin}: a trusted certificate cannot be read: {error}") from None


def _held(path: str, der: bytes) -> Held:
    found = read(der, Origin(path))
    if isinstance(found, Finding):
        raise Malformed(f"{path}: {found.message}")
    return Held(path, found.label, summarise(found))

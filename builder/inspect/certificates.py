"""Find the certificates inside a package's files: PEM blocks (RFC 7468) and OpenSSL's TRUSTED CERTIFICATE.

And those in browsers' managed policies; what a package says that it distrusts: by p11-kit's folders,
Windows' keys, such policies, and the list that ours carry; and what names it says a CA is meant for.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from builder.formats.unpacked import Malformed
from builder.inspect.contents import Flaw, Held
from builder.model import Finding, Origin, summarise
from builder.render.chromium_policy import ChromiumPolicy, domains
from builder.render.inventory import Inventory
from builder.text.quoting import visible
from builder.x509 import pem
from builder.x509.certificate import read
from builder.x509.constraints import constraints
from builder.x509.der import DerError, header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from builder.model import Certificate
    from builder.render.chromium_policy import LimitedCA

_MAX_BLOCKS = 20_000
_TRUSTED = "TRUSTED CERTIFICATE"
_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", _TRUSTED})

# What p11-kit distrusts lies in these folders of its sources, what Windows does below this key,
# and what Intune makes it distrust below this node.
_BLOCKLIST = re.compile(
    r"(^|/)(bl(ock|ack)list|(?i:(System|Enterprise)Certificates/Disallowed)"
    r"|RootCATrustedCertificates/UntrustedCertificates)/"
)
_LIST = re.compile(r"(^|/)certificates\.json$")
# Chromium, Chrome and Edge read every file of such a folder.
_POLICY = re.compile(r"(^|/)policies/managed/[^/]+\.json$")
# Texts that hold certificates otherwise than in lines of their own: indented, and in Ignition's data URLs.
# What is in a manifest's own file is read as its objects', and so this is for those in folders.
_YAML, _IGNITION = re.compile(r"/[^/]+\.(ya?ml|bu)$"), re.compile(r"/[^/]+\.ign$")
_INDENTED = re.compile(rb"^[ \t]+(?=-----(?:BEGIN|END) )", re.MULTILINE)
_DATA_URL = re.compile(rb"data:[^,\"]{0,100};base64,([A-Za-z0-9+/=]+)")


def blocks(path: str) -> bool:
    """Tell whether p11-kit or Windows distrusts what lies at `path`."""
    return _BLOCKLIST.search(path) is not None


def is_policy(path: str) -> bool:
    """Tell whether browsers read a file at `path` as their managed policies."""
    return _POLICY.search(path) is not None


def listed(path: str, data: bytes) -> tuple[Held, ...] | None:
    """Return what the file `path` lists as distrusted, None where it is no policy and no list of ours."""
    if is_policy(path):
        policy = _policy(data)
        blocked = _encoded(path, policy.distrusted if policy else ())
        return tuple(one for one in blocked if isinstance(one, Held))
    found = _inventory(path, data)
    if found is None or any(one.not_after is None for one in found.distrusted):
        return None
    named = (msgspec.structs.replace(one, subject=visible(one.subject)) for one in found.distrusted)
    return tuple(Held(path, one.subject, one) for one in named)


def meant(path: str, data: bytes) -> Mapping[str, tuple[str, ...]]:
    """Return the names that the list `path` says each trusted CA is meant for, by its SHA-256: () for all."""
    found = _inventory(path, data)
    return {one.sha256: tuple(map(visible, one.domains)) for one in found.certificates} if found else {}


def _inventory(path: str, data: bytes) -> Inventory | None:
    """Return the list that ours carry, None where a file is none: other people's have that name, too."""
    if not _LIST.search(path):
        return None
    try:
        found = msgspec.json.decode(data, type=Inventory)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if max(len(found.certificates), len(found.distrusted)) <= _MAX_BLOCKS else None


def held(path: str, data: bytes) -> tuple[Held | Flaw, ...]:
    """Return the certificates that the file `path` holds, in its order, and what is wrong with others.

    Raises Malformed for more than anybody can have meant.
    """
    if is_policy(path):
        policy = _policy(data)
        if policy is None:
            return (Flaw(path, "is no file of policies that browsers could read"),)
        return (*_encoded(path, policy.trusted), *_limited(path, policy.constrained))
    found = tuple(
        islice(
            (_held(path, block) for block in pem.embedded(_plain(path, data), path, _LABELS)), _MAX_BLOCKS + 1
        )
    )
    if len(found) > _MAX_BLOCKS:
        raise Malformed(f"{path}: more than {_MAX_BLOCKS} certificates")
    return found


def _plain(path: str, data: bytes) -> bytes:
    """Return a text whose certificates stand in lines of their own, in as many lines up to the first."""
    if _YAML.search(path):
        return _INDENTED.sub(b"", data)
    if _IGNITION.search(path):
        return _DATA_URL.sub(lambda found: b"\n" + _decoded(found[1]) + b"\n", data)
    return data


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _held(path: str, block: pem.Block | Finding) -> Held | Flaw:
    if isinstance(block, Finding):
        return _flaw(path, block)
    try:
        # OpenSSL appends what the certificate is trusted for; the certificate is the first element.
        der = (
            block.data[: header(block.data, 0, len(block.data))[2]] if block.label == _TRUSTED else block.data
        )
    except DerError as error:
        return Flaw(path, f"line {block.origin.line}: a trusted certificate cannot be read: {error}")
    found = read(der, block.origin)
    return _flaw(path, found) if isinstance(found, Finding) else _of(path, found)


def _of(path: str, item: Certificate) -> Held:
    return Held(path, item.label, summarise(item), constraints(item.der))


def _policy(data: bytes) -> ChromiumPolicy | None:
    try:
        return msgspec.json.decode(data, type=ChromiumPolicy)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _encoded(path: str, texts: Iterable[str]) -> tuple[Held | Flaw, ...]:
    """Return the certificates that are DER in base64, in their order, and what is wrong with others."""
    found: list[Held | Flaw] = []
    for text in islice(texts, _MAX_BLOCKS):
        try:
            item = read(base64.b64decode(text, validate=True), Origin(path))
        except (binascii.Error, ValueError):
            found.append(Flaw(path, "a certificate is not in base64"))
            continue
        if isinstance(item, Finding):
            found.append(Flaw(path, item.message))
        else:
            found.append(_of(path, item))
    return tuple(found)


def _limited(path: str, items: Iterable[LimitedCA]) -> Iterator[Held | Flaw]:
    """Yield the certificates that browsers trust for some names only, with these as their domains."""
    for one in items:
        for found in _encoded(path, [one.certificate]):
            if isinstance(found, Held):
                named = tuple(map(visible, domains(one.constraints)))
                yield replace(found, certificate=msgspec.structs.replace(found.certificate, domains=named))
            else:
                yield found


def _flaw(path: str, finding: Finding) -> Flaw:
    return Flaw(path, f"line {finding.origin.line}: {finding.message}")

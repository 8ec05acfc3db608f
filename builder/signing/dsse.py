"""DSSE envelopes: a text with its signatures, in JSON (https://github.com/secure-systems-lab/dsse, 1.0.2).

What is signed is "DSSEv1 LENGTH TYPE LENGTH TEXT". There is one way to write an envelope down, and only that
is read: base64 without anything between, no other keys, and each signature by a key that is known.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from builder.errors import SignatureError
from builder.signing import statement_key
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.signing.statement_key import PublicStatementKey, StatementKey

_TYPE: Literal["application/vnd.in-toto+json"] = "application/vnd.in-toto+json"


class EnvelopeSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature and the fingerprint of its key."""

    keyid: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    sig: bytes  # which msgspec writes as base64


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement and its signatures; `payload` is its text."""

    payload: bytes
    payload_type: Literal["application/vnd.in-toto+json"] = msgspec.field(name="payloadType")
    signatures: Annotated[tuple[EnvelopeSignature, ...], msgspec.Meta(min_length=1)]


def to_sign(payload: bytes) -> bytes:
    """Return what is signed of a statement's text: DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(_TYPE), _TYPE.encode(), len(payload), payload)


def seal(payload: bytes, keys: Iterable[StatementKey]) -> bytes:
    """Return an envelope with a signature by each key; raise SignatureError, or what a key raises."""
    data = to_sign(payload)
    signatures = tuple(EnvelopeSignature(key.fingerprint, key.sign(data)) for key in keys)
    return _encode(Envelope(payload, _TYPE, signatures))


def read(data: bytes, where: str) -> Envelope:
    """Return an envelope without verifying it; raise SignatureError for what `seal` never wrote so."""
    try:
        found = msgspec.json.decode(data, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if found is None or _encode(found) != data:
        raise SignatureError(f"{where}: is no envelope that trustpack wrote")
    return found


def opened(data: bytes, keys: Mapping[str, PublicStatementKey], where: str) -> bytes:
    """Return the statement's text in an envelope; raise SignatureError unless these keys have signed it.

    `keys` are by fingerprint. Each signature must be by one of them: another one might be
    anything.
    """
    found = read(data, where)
    digest = hashlib.sha256(to_sign(found.payload)).digest()
    for one in found.signatures:
        if one.keyid not in keys:
            raise SignatureError(f"{where}: is signed by {one.keyid}, which is no key that is known")
        try:
            statement_key.verify(keys[one.keyid], one.sig, digest)
        except Unsupported as fault:
            raise SignatureError(f"{where}: {fault}: {one.keyid}") from None
    if len({one.keyid for one in found.signatures}) != len(found.signatures):
        raise SignatureError(f"{where}: is signed twice by one key")
    return found.payload


def known(publics: Iterable[bytes]) -> dict[str, PublicStatementKey]:
    """Return public keys (PEM) by their fingerprints; raise SignatureError for what is none."""
    found = [statement_key.read_public(one) for one in publics]
    if None in found:
        raise SignatureError("a key for statements: is no public key of P-256 or RSA in PEM")
    return {statement_key.fingerprint(one): one for one in found if one is not None}


def signers(data: bytes, where: str) -> Sequence[str]:
    """Return the fingerprints of the keys by which an envelope says that it is signed."""
    return [one.keyid for one in read(data, where).signatures]


def _encode(envelope: Envelope) -> bytes:
    return (json.dumps(msgspec.to_builtins(envelope), indent=2, ensure_ascii=True) + "\n").encode("ascii")

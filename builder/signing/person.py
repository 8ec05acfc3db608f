"""OpenPGP certificates of people, of any algorithm that GnuPG knows, with subkeys or an end: gpgv verifies.

Read here is only what tells one key from another (RFC 9580 section 5.5), and what is too weak to count.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING

import msgspec

from builder.errors import ToolError
from builder.release import scratch
from builder.signing import gpgv, packets, weak
from builder.signing import program as programs
from builder.signing.openpgp import PUBLIC_KEY
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 16 * 1024  # of a certificate: with the signatures of many others, it has more
_SIGNATURE, _SUBKEY = 2, 14
_KINDS = {_SIGNATURE, PUBLIC_KEY, 13, _SUBKEY, 17}  # and whose it is, in words or as a picture
_SECRET = {5, 7}
_REVOCATION = b"\x20"
_RSA, _DSA, _ECDSA, _EDDSA, _ED25519, _ED448 = (1, 2, 3), 17, 19, 22, 27, 28
_SIGNING = {1, 3, _ECDSA, _EDDSA, _ED25519, _ED448}
_NATIVE_POINT = b"\x40"
_HEAD = 6  # octets: version, time, algorithm
_PREFIX = b"[GNUPG:] "
_FOREIGN = {b"BADSIG", b"ERRSIG", b"EXPSIG", b"REVKEYSIG", b"NODATA", b"FAILURE"}


class Person(msgspec.Struct, frozen=True):
    """Somebody's certificate as packets; `numbers` make another's key the same one."""

    packets: bytes
    fingerprint: str
    numbers: frozenset[bytes]

    @property
    def text(self) -> str:
        """All of it on one line."""
        return f"openpgp {base64.b64encode(self.packets).decode('ascii')}"


def read(data: bytes) -> Person:
    """Return the one certificate that packets are; raise Unsupported for what is none, or too weak a one."""
    if len(data) > MAX_BYTES:
        raise Unsupported(
            "is longer than a key need be: gpg --export-options export-minimal --armor --export"
        )
    found = list(packets.read(data))
    kinds = [packet.kind for packet in found]
    if _SECRET & {*kinds}:
        raise Unsupported("is a private key")
    if kinds[:1] != [PUBLIC_KEY]:
        raise Unsupported("is no OpenPGP public key")
    if kinds.count(PUBLIC_KEY) > 1:
        raise Unsupported("holds several keys")
    if not {*kinds} <= _KINDS:
        raise Unsupported("holds more than an OpenPGP public key")
    if any(one.kind == _SIGNATURE and one.body[1:2] == _REVOCATION for one in found):
        raise Unsupported("is revoked")
    keys = [packet.body for packet in found if packet.kind in {PUBLIC_KEY, _SUBKEY}]
    numbers = frozenset(number for key in keys for number in _numbers(key))
    if keys[0][_HEAD - 1] not in _SIGNING:
        raise Unsupported("is an OpenPGP key of an algorithm that does not count")
    return Person(data, _fingerprint(keys[0]), numbers)


def verify(person: Person, data: bytes, signature: bytes) -> None:
    """Raise Unsupported unless gpgv takes `signature`, one packet, for the person's over `data`.

    Raises ToolError where there is no gpgv. A key may have ended since: what was signed before that
    is signed. What a signature says of its own time is believed.
    """
    if [packet.kind for packet in packets.read(signature)] != [_SIGNATURE]:
        raise Unsupported("is no OpenPGP signature")
    program = gpgv.find()
    if not program:
        raise ToolError(
            "gpgv: is not installed, and OpenPGP approvals are verified by it", hint="install gpgv"
        )
    lines = [line.split() for line in _status(program, person, data, signature)]
    said = {line[0] for line in lines if line}
    valid = [line for line in lines if line[:1] == [b"VALIDSIG"]]
    if _FOREIGN & said or len(valid) != 1 or not {b"GOODSIG", b"EXPKEYSIG"} & said:
        raise Unsupported("is no signature of this text by this key")
    fields = valid[0]
    if fields[-1].decode() != person.fingerprint or fields[4] != b"0":
        raise Unsupported("is a signature of another kind")
    ends = [int(line[1]) for line in lines if line[:1] == [b"KEYEXPIRED"]]
    if any(int(fields[3]) >= end for end in ends):
        raise Unsupported("was made when its key had ended")


def _status(program: str, person: Person, data: bytes, signature: bytes) -> Iterator[bytes]:
    with scratch.folder("person") as folder:
        files = {"ring": person.packets, "signature": signature, "data": data}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        words = [program, "--homedir", str(folder), "--keyring", f"{folder}/ring", "--status-fd", "1"]
        words += [f"{folder}/signature", f"{folder}/data"]
        answer = programs.ask(words, b"", environment={"LC_ALL": "C", "HOME": str(folder)})
    for line in answer.out.splitlines():
        if line.startswith(_PREFIX):
            yield line.removeprefix(_PREFIX)


def _fingerprint(body: bytes) -> str:
    hashed = b"\x99" + struct.pack(">H", len(body)) + body
    return hashlib.sha1(hashed, usedforsecurity=False).hexdigest().upper()


def _numbers(body: bytes) -> Iterator[bytes]:
    """Yield what makes another key the same; raise Unsupported for a weak one."""
    if body[:1] != b"\4" or len(body) <= _HEAD:
        raise Unsupported("is no OpenPGP key of version 4")
    algorithm = body[_HEAD - 1]
    if algorithm == _DSA:
        raise Unsupported("is a DSA key, which no longer counts")
    if algorithm in _RSA:
        modulus, at = packets.read_number(body, _HEAD)
        exponent, _ = packets.read_number(body, at)
        weak.refuse_rsa(modulus, exponent)
        yield _octets(modulus)
    elif algorithm in {_ECDSA, _EDDSA}:
        point, _ = packets.read_number(body, _HEAD + 1 + body[_HEAD])
        yield _octets(point).removeprefix(_NATIVE_POINT)
    elif algorithm == _ED25519:
        yield body[_HEAD:]


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)

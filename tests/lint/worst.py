"""Inputs made to cost as much as the bounds allow: each must stay below two seconds and 300 MB."""

from __future__ import annotations

import base64
import functools
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from builder.load.pbe import MAX_COUNT
from builder.load.source import MAX_BYTES, MAX_CERTIFICATES
from tests.lint import forge
from tests.lint.faults import stores

if TYPE_CHECKING:
    from collections.abc import Callable


def _filled(piece: bytes, head: bytes = b"") -> bytes:
    return (head + piece * ((MAX_BYTES - len(head)) // len(piece)))[:MAX_BYTES]


def _many(certificate: Callable[[bytes], bytes]) -> bytes:
    """Return as many certificates as a bundle may have, each with another serial number."""
    return b"".join(forge.pem(certificate(forge.integer(n))) for n in range(1, MAX_CERTIFICATES + 1))


def _p521() -> bytes:
    key = forge.elliptic(7, ec.SECP521R1(), "SHA512")
    return _many(lambda serial: forge.certificate(key, serial=serial))


def _large_rsa() -> bytes:
    spki, head = forge.rsa_spki((1 << 8191) + 1, (1 << 31) - 1), forge.SHA256_RSA
    return _many(
        lambda serial: forge.certificate(
            spki=spki, inner=head, serial=serial, signature=lambda _: bytes(1024)
        )
    )


def _long_names() -> bytes:
    subject = forge.name("Throw-Away \u202e" * 100)
    return _many(lambda serial: forge.certificate(subject=subject, serial=serial))


def _many_attributes() -> bytes:
    pair = forge.tlv(0x31, forge.attribute("2.5.4.3", forge.utf8("A")))
    return forge.certificate(subject=forge.seq(pair * 80_000))


def _many_extensions() -> bytes:
    more = forge.extension("2.5.29.99", b"\x05\0")
    return forge.certificate(extensions=(*forge.GOOD, *[more] * 80_000))


def _long_identifier() -> bytes:
    return forge.certificate(inner=forge.seq(forge.tlv(0x06, b"\x81" * 200_000 + b"\x01")))


def _hashing() -> bytes:
    return stores.pkcs12(stores.certificate_bag(forge.certificate()), integrity=stores.mac(MAX_COUNT))


def _sealed() -> bytes:
    return stores.store(*[stores.encrypted(stores.pbes2(MAX_COUNT))] * 4)


def _wrapped(layers: int) -> bytes:
    return functools.reduce(lambda inner, _: forge.seq(inner, inner), range(layers), b"")


def _long_serial() -> bytes:
    return forge.certificate(serial=forge.integer((1 << 8_000_000) + 1))


def _long_modulus() -> bytes:
    return forge.certificate(spki=forge.rsa_spki((1 << 8_000_000) + 1, 65537))


INPUTS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(MAX_BYTES),
    "dashes": lambda: _filled(b"-"),
    "newlines": lambda: _filled(b"\n", b"-"),
    "carriage-returns": lambda: _filled(b"\r", b"-"),
    "begins": lambda: _filled(b"-----BEGIN CERTIFICATE-----\n"),
    "begins-on-one-line": lambda: _filled(b"-----BEGIN CERTIFICATE-----"),
    "begins-without-end": lambda: _filled(b"-----BEGIN "),
    "endings": lambda: _filled(b"-----END CERTIFICATE-----\n"),
    "empty-blocks": lambda: _filled(b"-----BEGIN A-----\n-----END A-----\n"),
    "inexact-markers": lambda: _filled(b"--BEGIN\n"),
    "private-words": lambda: _filled(b"--PRIVATE "),
    "jwk-words": lambda: _filled(b'"kty""d" '),
    "xml-words": lambda: _filled(b"<D>KeyValue>"),
    "one-large-block": lambda: b"-----BEGIN A-----\n" + _filled(b"A")[:-64] + b"\n-----END A-----\n",
    "base64": lambda: _filled(b"MIIA"),
    "spaces": lambda: _filled(b" ", b"MI"),
    "spaces-and-no-base64": lambda: _filled(b" ", b"MI")[:-1] + b"!",
    "beginnings-of-keys": lambda: _filled(b"MHcCAQEE "),
    "beginnings-of-encrypted-keys": lambda: _filled(b"MIMIMIMIMIBgkq"),
    "beginnings-of-pem-in-base64": lambda: _filled(b"LS0tLS1CRUdJTi "),
    "beginnings-of-hexadecimal": lambda: _filled(b"3082 "),
    "hexadecimal": lambda: _filled(b"30"),
    "text-between-blocks": lambda: _filled(forge.pem(b"\x30\0", "A") + b"MC " * 300),
    "elements-behind-a-certificate": lambda: _filled(b"\x30\0", forge.certificate()),
    "elements-behind-a-newline": lambda: _filled(b"\x30\0", b"\n"),
    "pkcs7-of-empty-parts": lambda: stores.pkcs7(more=(_filled(b"\x30\0")[:-128], b"", b"")),
    "pkcs12-of-empty-revocation-lists": lambda: stores.pkcs12(*[stores.bag(4, _wrapped(8))] * 2000),
    "pkcs7-labels-of-stores": lambda: _filled(forge.pem(_sealed(), "PKCS7")),
    "bad-blocks": lambda: _filled(forge.pem(b"\x30\x03\x02\x01\x05")),
    "many-distinct-certificates": lambda: _many(lambda serial: forge.certificate(serial=serial)),
    "one-certificate-often": lambda: _filled(forge.pem(forge.certificate())),
    "p-521": _p521,
    "large-rsa": _large_rsa,
    "long-names": _long_names,
    "many-attributes": _many_attributes,
    "many-extensions": _many_extensions,
    "long-identifier": _long_identifier,
    "long-serial": _long_serial,
    "long-modulus": _long_modulus,
    "nested-sequences": lambda: functools.reduce(lambda inner, _: forge.seq(inner), range(20_000), b""),
    "empty-sequences": lambda: forge.seq(_filled(b"\x30\0")[:-16]),
    "pkcs7-of-empty-sequences": lambda: stores.pkcs7(_filled(b"\x30\0")[:-128]),
    "pkcs12-of-empty-bags": lambda: stores.pkcs12(_filled(b"\x30\0")[:-128]),
    "pkcs12-hashing": _hashing,
    "pkcs12-sealed": _sealed,
    "jks-of-empty-certificates": lambda: stores.jks(*[stores.jks_entry(b"")] * 100_000),
    "bare-base64-of-a-store": lambda: base64.b64encode(stores.pkcs7(_filled(b"\x30\0")[: MAX_BYTES // 2])),
}

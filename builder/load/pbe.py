"""Password-based encryption and digests of PKCS #12 stores (RFC 7292 appendix B, RFC 8018).

Passwords unlock public certificates here, nothing secret: what counts is that damage is noticed and
that no file makes this machine compute for longer than a moment.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TypeVar

from builder.x509 import der

# OpenSSL writes 2,048 and Java 10,000. A trust store holds nothing secret that would call for more.
MAX_COUNT = 100_000
_T = TypeVar("_T")
_PBES2, _PBKDF2 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12"
_DIGESTS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
# Octets of the key by the cipher's OID.
_AES = {"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32}
_TRIPLE_DES, _TRIPLE_DES_KEY = "1.2.840.113549.3.7", 24
_PKCS12 = "1.2.840.113549.1.12.1."
_PKCS12_TRIPLE_DES = f"{_PKCS12}3"
# What the derivation of RFC 7292 is for: the octet that makes keys, vectors and MAC keys differ.
_KEY, _VECTOR, _MAC = 1, 2, 3
_AES_BLOCK, _DES_BLOCK = 16, 8


def mac(algorithm: bytes, content: bytes, password: str | None, *, salt: bytes, count: int) -> bytes:
    """Return the MAC of `content` that a store with this digest algorithm, salt and count must have."""
    digest = _named(_DIGESTS, der.algorithm(algorithm, 0, len(algorithm))[0])
    size = hashlib.new(digest).digest_size
    return hmac.digest(_pkcs12_kdf(_MAC, password, salt, count, size=size, digest=digest), content, digest)


def decrypt(algorithm: bytes, data: bytes, password: str | None) -> bytes | None:
    """Return what `data` decrypts to, or None where the password is wrong; raises DerError."""
    oid, start, end, _ = der.algorithm(algorithm, 0, len(algorithm))
    if oid == _PKCS12_TRIPLE_DES:
        inner, stop = der.expect(algorithm, start, end, der.SEQUENCE)
        salt, count = _salt_and_count(algorithm, inner, stop)
        key, vector = (
            _pkcs12_kdf(purpose, password, salt, count, size=size, digest="sha1")
            for purpose, size in ((_KEY, _TRIPLE_DES_KEY), (_VECTOR, _DES_BLOCK))
        )
        return _triple_des(key, vector, data)
    if oid != _PBES2:
        weak = ", a weak cipher: export it again with AES" if oid.startswith(_PKCS12) else ""
        raise der.DerError(f"it is encrypted with {oid}{weak}")
    inner, stop = der.expect(algorithm, start, end, der.SEQUENCE)
    _, _, _, derivation_end = der.algorithm(algorithm, inner, stop)
    cipher, first, last, _ = der.algorithm(algorithm, derivation_end, stop)
    begin, finish = der.expect(algorithm, first, last, der.OCTET_STRING)
    vector = algorithm[begin:finish]
    if cipher == _TRIPLE_DES:
        return _triple_des(_pbkdf2(algorithm[inner:derivation_end], password, _TRIPLE_DES_KEY), vector, data)
    return _aes(_pbkdf2(algorithm[inner:derivation_end], password, _named(_AES, cipher)), vector, data)


def _named(table: dict[str, _T], oid: str) -> _T:
    if oid not in table:
        raise der.DerError(f"it uses {oid}, which is unknown")
    return table[oid]


def _salt_and_count(data: bytes, start: int, end: int) -> tuple[bytes, int]:
    first, last = der.expect(data, start, end, der.OCTET_STRING)
    number, stop = der.expect(data, last, end, der.INTEGER)
    return data[first:last], der.integer(data, number, stop)


def _bounded(count: int) -> int:
    if not 0 < count <= MAX_COUNT:
        raise der.DerError(f"it asks for over {MAX_COUNT} rounds of hashing: export it again with fewer")
    return count


def _pbkdf2(algorithm: bytes, password: str | None, size: int) -> bytes:
    oid, start, end, _ = der.algorithm(algorithm, 0, len(algorithm))
    if oid != _PBKDF2:
        raise der.DerError(f"its key is derived by {oid}, which is unknown")
    inner, stop = der.expect(algorithm, start, end, der.SEQUENCE)
    salt, count = _salt_and_count(algorithm, inner, stop)
    digest = "sha1"
    for tag, at, _, _ in der.children(algorithm, inner, stop):
        if tag == der.SEQUENCE:
            digest = _named(_HMACS, der.algorithm(algorithm, at, stop)[0])
    return hashlib.pbkdf2_hmac(digest, (password or "").encode(), salt, _bounded(count), size)


def _pkcs12_kdf(
    purpose: int, password: str | None, salt: bytes, count: int, *, size: int, digest: str
) -> bytes:
    """Derive octets as RFC 7292 appendix B.2 has it; no password is something else than an empty one."""
    block = hashlib.new(digest).block_size
    secret = b"" if password is None else f"{password}\0".encode("utf-16-be")
    state = b"".join(_stretched(part, block) for part in (salt, secret))
    result = b""
    while True:
        value = bytes([purpose]) * block + state
        for _ in range(_bounded(count)):
            value = hashlib.new(digest, value, usedforsecurity=False).digest()
        result += value
        if len(result) >= size:
            return result[:size]
        addend = int.from_bytes(_stretched(value, block)) + 1
        numbers = (int.from_bytes(state[i : i + block]) + addend for i in range(0, len(state), block))
        state = b"".join((number % (1 << 8 * block)).to_bytes(block) for number in numbers)


def _stretched(part: bytes, block: int) -> bytes:
    size = -(-len(part) // block) * block
    return (part * (size // len(part) + 1))[:size] if part else b""


def _aes(key: bytes, vector: bytes, data: bytes) -> bytes | None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if len(vector) != _AES_BLOCK or not data or len(data) % _AES_BLOCK:
        raise der.DerError("its encrypted part is cut off")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return _unpadded(decryptor.update(data) + decryptor.finalize(), _AES_BLOCK)


def _triple_des(key: bytes, vector: bytes, data: bytes) -> bytes | None:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    if len(vector) != _DES_BLOCK or not data or len(data) % _DES_BLOCK:
        raise der.DerError("its encrypted part is cut off")
    decryptor = Cipher(TripleDES(key), modes.CBC(vector)).decryptor()
    return _unpadded(decryptor.update(data) + decryptor.finalize(), _DES_BLOCK)


def _unpadded(data: bytes, block: int) -> bytes | None:
    count = data[-1]
    return data[:-count] if 0 < count <= block and data.endswith(bytes([count]) * count) else None

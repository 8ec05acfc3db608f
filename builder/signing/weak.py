"""Public keys under which anybody can sign, or soon will: nobody is to be known by them."""

from __future__ import annotations

from builder.signing.packets import Unsupported

LEAST = 2048  # bits of RSA
_MOST = 16_384  # from which OpenSSH refuses it, and a signature takes seconds
_LEAST_EXPONENT = 65_537
_PRIME = 2**255 - 19
# The points of Ed25519 with an order of 1, 2, 4 or 8, by y: one signature under them fits many texts.
_OF_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL = frozenset({0, 1, _PRIME - 1, _OF_EIGHT, _PRIME - _OF_EIGHT})


def refuse_rsa(modulus: int, exponent: int) -> None:
    """Raise Unsupported for a short RSA key, and for numbers that make none."""
    if modulus.bit_length() < LEAST:
        raise Unsupported(f"is an RSA key of {modulus.bit_length()} bits, and {LEAST} is the least")
    if modulus.bit_length() > _MOST:
        raise Unsupported(f"is an RSA key of more than {_MOST} bits")
    if exponent < _LEAST_EXPONENT or not exponent & modulus & 1 or exponent >= modulus:
        raise Unsupported("is an RSA key with numbers that none has")


def refuse_ed25519(octets: bytes) -> None:
    """Raise Unsupported for a point of small order, and for one that is written in two ways."""
    y = int.from_bytes(octets, "little") & (1 << 255) - 1
    if y >= _PRIME or y in _SMALL:
        raise Unsupported("is an Ed25519 key under which anybody can sign")

"""Entries of Java's and Bouncy Castle's key stores, walked from one to the next up to the first key.

The references are OpenJDK's JavaKeyStore and JceKeyStore, and Bouncy Castle's BcKeyStoreSpi.
"""

from __future__ import annotations

_KEY_ENTRY, _CERTIFICATE_ENTRY, _SECRET_ENTRY = 1, 2, 3
_MAX_ENTRIES = 2000
_MAX_CHAIN = 10


def in_java(data: bytes, at: int) -> str:
    """Return what the entries of a JKS or JCEKS store hold: a key, or nothing of the kind."""
    version, count = data[at - 1], int.from_bytes(data[at : at + 4])
    at += 4
    for _ in range(min(count, _MAX_ENTRIES)):
        kind = int.from_bytes(data[at : at + 4])
        alias = int.from_bytes(data[at + 4 : at + 6])
        if at + 6 + alias > len(data):
            return ""
        if kind in {_KEY_ENTRY, _SECRET_ENTRY}:
            return "a Java key store with a private or secret key"
        if kind != _CERTIFICATE_ENTRY:
            return ""
        at += 14 + alias
        if version > 1:
            at += 2 + int.from_bytes(data[at : at + 2])
        at += 4 + int.from_bytes(data[at : at + 4])
    return ""


def in_bouncy_castle(data: bytes, at: int) -> str:
    """Return what the entries of a BKS store hold: type, name, time, chain, and then what the type says."""
    for _ in range(_MAX_ENTRIES):
        kind, size = data[at : at + 1], int.from_bytes(data[at + 1 : at + 3])
        name, time = data[at + 3 : at + 3 + size], data[at + 3 + size : at + 11 + size]
        if (
            kind not in {b"\1", b"\2", b"\3", b"\4"}
            or not name
            or not time.startswith((b"\0\0\0", b"\0\0\1", b"\0\0\2"))
        ):
            return ""
        try:
            name.decode("utf-8")
        except UnicodeDecodeError:
            return ""
        if kind != b"\1":
            return "a Bouncy Castle key store with a private or secret key"
        at += 11 + size
        chain, at = int.from_bytes(data[at : at + 4]), at + 4
        if chain > _MAX_CHAIN:
            return ""
        for _ in range(chain + 1):
            at += 2 + int.from_bytes(data[at : at + 2])
            at += 4 + int.from_bytes(data[at : at + 4])
    return ""

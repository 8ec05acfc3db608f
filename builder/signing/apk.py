"""apk's signatures (apk-package(5)): a gzip stream in front, with .SIGN.RSA256.NAME over the next stream.

NAME is a public key's file in /etc/apk/keys. Of a package the control stream is signed, and names the digest
of the data; of an index all of it, which is one stream. RSA256 is read by apk-tools 2.14, 3.0 and apko.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder.formats import compression, tar
from builder.formats.unpacked import Malformed
from builder.model import File

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PREFIX = ".SIGN."
_KIND = f"{_PREFIX}RSA256."


def sign(data: bytes, signers: Sequence[tuple[str, Callable[[bytes], bytes]]], *, time: int) -> bytes:
    """Return an .apk or an index with signatures in the place of any that it has.

    Each signer is the name of its key's file, and what makes an RSA signature (PKCS #1 v1.5) of a SHA-256.
    Raises Malformed.
    """
    signed, streams = _streams(data)
    digest = hashlib.sha256(streams[0]).digest()
    # Only the last stream has end-of-archive blocks: apk reads all of them as one archive.
    members = [tar.write([File(f"{_KIND}{name}", raw(digest))], time, end=False) for name, raw in signers]
    return compression.gzip(b"".join(members)) + data[signed:]


def unsigned(data: bytes) -> bytes:
    """Return an .apk or an index without its signatures; raises Malformed."""
    signed, _ = _streams(data)
    return data[signed:]


def signatures(data: bytes) -> tuple[Mapping[str, bytes], bytes]:
    """Return each key's signature by its file's name, and the SHA-256 that they cover; raises Malformed."""
    signed, streams = _streams(data)
    entries = tar.unpack("signature", compression.gunzip_each(".apk", data[:signed])[0][1]) if signed else ()
    found = {one.path.removeprefix(_KIND): one.data for one in entries if one.path.startswith(_KIND)}
    return found, hashlib.sha256(streams[0]).digest()


def _streams(data: bytes) -> tuple[int, list[bytes]]:
    """Return how long the signatures are, and the packed streams behind them."""
    streams = compression.gunzip_each(".apk", data)
    if not streams:
        raise Malformed("is no .apk")
    signed = streams[0][1].startswith(_PREFIX.encode())
    rest = [raw for raw, _ in streams[signed:]]
    if not rest:
        raise Malformed("holds nothing but a signature")
    return len(streams[0][0]) if signed else 0, rest

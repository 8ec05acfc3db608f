"""Private keys by kind, and every way to write one down: the table behind the tests of the detector.

The keys are made when the tests run; none of them ever was a secret.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import functools
import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.lint import forge
from tests.lint.faults import stores
from tests.lint.forge import octets, tlv

if TYPE_CHECKING:
    from collections.abc import Callable

_SECRET = BestAvailableEncryption(b"throw-away")
_PLAIN = NoEncryption()
_PKCS8, _OLD, _SSH = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH
ROOT = forge.certificate()


@functools.cache
def private_keys() -> dict[str, bytes]:
    """Return a key of each kind as octets, by what it is."""
    made: dict[str, Any] = {
        "rsa": rsa.generate_private_key(65537, 2048),
        "rsa-3": rsa.generate_private_key(3, 2048),
        "rsa-4096": rsa.generate_private_key(65537, 4096),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "p521": ec.generate_private_key(ec.SECP521R1()),
        "brainpool": ec.generate_private_key(ec.BrainpoolP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
        "ed448": ed448.Ed448PrivateKey.generate(),
        "x25519": x25519.X25519PrivateKey.generate(),
        "dsa": dsa.generate_private_key(2048),
        "mldsa": mldsa.MLDSA65PrivateKey.generate(),
    }
    found = {}
    for name, key in made.items():
        found[f"pkcs8-{name}"] = key.private_bytes(Encoding.DER, _PKCS8, _PLAIN)
        found[f"pkcs8-encrypted-{name}"] = key.private_bytes(Encoding.DER, _PKCS8, _SECRET)
        if isinstance(key, rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey):
            found[f"old-{name}"] = key.private_bytes(Encoding.DER, _OLD, _PLAIN)
    rsa_key, ec_key = found["pkcs8-rsa"], found["pkcs8-p256"]
    found["pkcs12"] = pkcs12.serialize_key_and_certificates(b"x", made["p256"], None, None, _SECRET)
    found["pkcs12-plain"] = stores.pkcs12(stores.bag(1, rsa_key))
    found["pkcs12-in-pieces"] = indefinite(found["pkcs12"], 100)
    found["pkcs7-with-key"] = stores.pkcs7(ROOT, content=tlv(0xA0, octets(ec_key)))
    found["pkcs7-with-key-in-pieces"] = indefinite(found["pkcs7-with-key"], 5)
    found["pkcs8-in-pieces"] = indefinite(ec_key, 7)
    # Parameters whose lines of base64 begin as comments do, or which quoted-printable leaves as an address.
    for name, odd in ("slashes", b"\xff" * 300), ("signs", b"\x81\x82%ff\x83\x84%0a" * 4):
        algorithm = tlv(0x30, tlv(6, b"\x2b\x65\x70") + octets(odd))
        found[f"pkcs8-of-{name}"] = tlv(0x30, tlv(2, b"\0") + algorithm + octets(octets(bytes(range(1, 33)))))
    found["jks"] = stores.jks(stores.jks_entry(ROOT), stores.jks_entry(ec_key, kind=1))
    found["jceks-secret"] = stores.jks(stores.jks_entry(bytes(40), kind=3), magic=0xCECECECE)
    found["bks"] = bks(bks_entry(ROOT), bks_entry(bytes(range(64)), kind=4))
    found["bks-of-one-key"] = bks(bks_entry(bytes(range(64)), kind=2))
    for name in ("rsa", "p256", "ed25519"):
        text = made[name].private_bytes(Encoding.PEM, _SSH, _PLAIN)
        found[f"openssh-{name}"] = base64.b64decode(b"".join(text.splitlines()[1:-1]))
    sealed = _strings(b"aes256-ctr", b"bcrypt", _strings(bytes(range(16))) + (24).to_bytes(4))
    public = _strings(b"ssh-ed25519", bytes(range(32)))
    found["openssh-encrypted"] = (
        b"openssh-key-v1\0" + sealed + (1).to_bytes(4) + _strings(public, bytes(range(144)))
    )
    return found


def _strings(*values: bytes) -> bytes:
    return b"".join(len(value).to_bytes(4) + value for value in values)


def bks_entry(value: bytes, *, kind: int = 1) -> bytes:
    """Return one entry of a Bouncy Castle key store: a certificate, a key or what is sealed."""
    head = bytes([kind]) + b"\0\x0athrow-away" + (1_700_000_000_000).to_bytes(8) + bytes(4)
    form = b"\0\x05X.509" if kind == 1 else b""
    return head + form + len(value).to_bytes(4) + value


def bks(*entries: bytes, version: int = 2) -> bytes:
    """Return a Bouncy Castle key store (org.bouncycastle.jcajce.provider.keystore.bc)."""
    head = version.to_bytes(4) + (20).to_bytes(4) + bytes(range(20)) + (1025).to_bytes(4)
    return head + b"".join(entries) + b"\0" + bytes(range(100, 120))


def indefinite(data: bytes, size: int) -> bytes:
    """Return DER as BER: each structure of indefinite length, octet strings in pieces of `size` octets."""
    out, at = b"", 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length > 0x80:
            start += length - 0x80
            length = int.from_bytes(data[at + 2 : start])
        content, at = data[start : start + length], start + length
        if tag & 0x20:
            out += bytes([tag, 0x80]) + indefinite(content, size) + b"\0\0"
        elif tag in {0x04, 0x80}:
            pieces = [tlv(0x04, content[i : i + size]) for i in range(0, len(content), size)]
            out += bytes([tag | 0x20, 0x80]) + b"".join(pieces) + b"\0\0"
        else:
            out += tlv(tag, content)
    return out


def _label(name: str) -> str:
    if name.startswith("openssh"):
        return "OPENSSH PRIVATE KEY"
    if name.startswith("old"):
        return "RSA PRIVATE KEY" if "rsa" in name else "EC PRIVATE KEY"
    return "ENCRYPTED PRIVATE KEY" if "encrypted" in name else "PRIVATE KEY"


def _pem(name: str, key: bytes) -> bytes:
    return forge.pem(key, _label(name))


def _lines(key: bytes, width: int = 64) -> list[bytes]:
    return forge.base64_lines(key, width).splitlines()


def _zipped(name: str, key: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docs/readme.txt", "nothing")
        archive.writestr("a/key.pem", _pem(name, key))
    return file.getvalue()


def _tarred(_: str, key: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        info = tarfile.TarInfo("key.der")
        info.size = len(key)
        archive.addfile(info, io.BytesIO(key))
    return file.getvalue()


def _in_extension(key: bytes) -> bytes:
    return forge.certificate(extensions=(*forge.GOOD, forge.extension("1.2.3.4", octets(key))))


def _in_name(text: bytes) -> bytes:
    return forge.certificate(subject=forge.name(tlv(0x0C, text)))


def _columns(key: bytes) -> bytes:
    """Return what xxd prints."""
    rows = [key[i : i + 16] for i in range(0, len(key), 16)]
    return b"".join(
        b"%08x: %b  ................\n"
        % (16 * i, b" ".join(row[j : j + 2].hex().encode() for j in range(0, len(row), 2)))
        for i, row in enumerate(rows)
    )


def _swapped(key: bytes) -> bytes:
    """Return what hexdump prints on most machines: words whose second octet comes first."""
    words = [key[i + 1 : i + 2] + key[i : i + 1] for i in range(0, len(key), 2)]
    return b"".join(
        b"%07x %b\n" % (2 * i, b" ".join(word.hex().encode() for word in words[i : i + 8]))
        for i in range(0, len(words), 8)
    )


FORMS: dict[str, Callable[[str, bytes], bytes]] = {
    "der": lambda _, key: key,
    "der-behind-certificate": lambda _, key: ROOT + key,
    "der-before-certificate": lambda _, key: key + ROOT,
    "der-in-the-middle": lambda _, key: b"\x7fELF" + bytes(range(256)) * 3 + key + bytes(range(256)) * 2,
    "der-behind-newline": lambda _, key: b"\r\n" + key,
    "pem": _pem,
    "pem-behind-certificate": lambda name, key: forge.pem(ROOT) + _pem(name, key),
    "pem-as-certificate": lambda _, key: forge.pem(key),
    "pem-crlf": lambda name, key: _pem(name, key).replace(b"\n", b"\r\n"),
    "pem-cr": lambda name, key: _pem(name, key).replace(b"\n", b"\r"),
    "pem-indented": lambda name, key: b"  key: |\n    " + _pem(name, key).replace(b"\n", b"\n    "),
    "pem-commented-out": lambda name, key: b"# " + _pem(name, key).replace(b"\n", b"\n# "),
    "pem-commented-out-in-c": lambda name, key: b"// " + _pem(name, key).replace(b"\n", b"\n// "),
    "pem-quoted-in-a-mail": lambda name, key: b"> " + _pem(name, key).replace(b"\n", b"\n> "),
    "pem-numbered": lambda name, key: b"".join(
        b"%d: %b\n" % pair for pair in enumerate(_pem(name, key).splitlines())
    ),
    "pem-on-one-line": lambda name, key: _pem(name, key).replace(b"\n", b" "),
    "pem-without-newlines": lambda name, key: _pem(name, key).replace(b"\n", b""),
    "pem-without-begin": lambda name, key: _pem(name, key).partition(b"\n")[2],
    "pem-without-end": lambda name, key: _pem(name, key).partition(b"-----END")[0],
    "pem-with-fewer-dashes": lambda name, key: _pem(name, key).replace(b"-----", b"---"),
    "pem-of-unknown-label": lambda _, key: forge.pem(key, "SOMETHING"),
    "pem-with-spaces-in-lines": lambda name, key: _pem(name, key).replace(b"A", b"A "),
    "pem-in-json": lambda name, key: json.dumps({"key": _pem(name, key).decode()}).encode(),
    "pem-in-json-in-json": lambda name, key: json.dumps(
        json.dumps({"key": _pem(name, key).decode()})
    ).encode(),
    "pem-in-json-list": lambda name, key: json.dumps(
        _pem(name, key).decode().splitlines(), indent=2
    ).encode(),
    "pem-in-html": lambda name, key: b"<pre>" + _pem(name, key).replace(b"\n", b"&#10;") + b"</pre>",
    "pem-in-html-breaks": lambda name, key: _pem(name, key).replace(b"\n", b"<br/>\n"),
    "pem-in-url": lambda name, key: (
        _pem(name, key).replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"\n", b"%0A")
    ),
    "pem-in-c": lambda name, key: b"".join(b'"%b\\n"\n' % line for line in _pem(name, key).splitlines()),
    "pem-in-java": lambda name, key: b" +\n".join(
        b'  "%b\\n"' % line for line in _pem(name, key).splitlines()
    ),
    "pem-in-python": lambda name, key: repr(_pem(name, key)).encode(),
    "pem-in-utf-16": lambda name, key: _pem(name, key).decode().encode("utf-16"),
    "pem-in-utf-16-be": lambda name, key: _pem(name, key).decode().encode("utf-16-be"),
    "pem-in-utf-32": lambda name, key: _pem(name, key).decode().encode("utf-32"),
    "pem-behind-mark": lambda name, key: b"\xef\xbb\xbf" + _pem(name, key),
    "base64": lambda _, key: base64.b64encode(key),
    "base64-wrapped": lambda _, key: base64.encodebytes(key),
    "base64-narrow": lambda _, key: b"\n".join(_lines(key, 20)),
    "base64-url-safe": lambda _, key: base64.urlsafe_b64encode(key).rstrip(b"="),
    "base64-in-yaml": lambda _, key: b"data:\n  tls.key: " + base64.b64encode(key) + b"\n",
    "base64-at-1": lambda _, key: base64.b64encode(b"x" + key),
    "base64-at-2": lambda _, key: base64.b64encode(b"xy" + key),
    "base64-behind-letters": lambda _, key: b"abc" + base64.b64encode(key),
    "base64-behind-certificate": lambda _, key: base64.b64encode(ROOT + key),
    "base64-of-pem": lambda name, key: base64.b64encode(_pem(name, key)),
    "base64-of-base64": lambda _, key: base64.b64encode(base64.b64encode(key)),
    "base64-of-gzip": lambda name, key: base64.b64encode(gzip.compress(_pem(name, key))),
    "hex": lambda _, key: key.hex().encode(),
    "hex-capitals": lambda _, key: key.hex().upper().encode(),
    "hex-colons": lambda _, key: key.hex(":").encode(),
    "hex-wrapped": lambda _, key: b"\n".join(
        key.hex().encode()[i : i + 60] for i in range(0, 2 * len(key), 60)
    ),
    "hex-in-c": lambda _, key: b"char k[] = {" + b", ".join(b"0x%02X" % octet for octet in key) + b"};",
    "hex-escapes": lambda _, key: b'"' + b"".join(b"\\x%02x" % octet for octet in key) + b'"',
    "python-literal": lambda _, key: b"KEY = " + repr(key).encode(),
    "octal-escapes": lambda _, key: b'"' + b"".join(b"\\%03o" % octet for octet in key) + b'"',
    "decimals": lambda _, key: json.dumps(list(key)).encode(),
    "decimals-of-java": lambda _, key: b", ".join(b"%d" % (octet - 256 * (octet > 127)) for octet in key),
    "decimals-on-lines": lambda _, key: b"\n".join(b"%d" % octet for octet in key),
    "decimals-in-yaml": lambda _, key: b"key:\n" + b"".join(b"- %d\n" % octet for octet in key),
    "latin-1-in-json": lambda _, key: json.dumps(key.decode("latin-1")).encode(),
    "percents": lambda _, key: quote(key).encode(),
    "quoted-printable": lambda _, key: binascii.b2a_qp(key, istext=False),
    "pem-in-entities": lambda name, key: b"".join(b"&#%d;" % letter for letter in _pem(name, key)),
    "hex-columns": lambda _, key: _columns(key),
    "hex-columns-of-words": lambda _, key: _swapped(key),
    "zlib": lambda name, key: zlib.compress(_pem(name, key)),
    "base64-of-zlib": lambda _, key: base64.b64encode(zlib.compress(key, 9)),
    "behind-many-streams": lambda _, key: gzip.compress(b"no key") * 20 + gzip.compress(key),
    "base64-behind-many-texts": lambda name, key: base64.b64encode(
        b"".join(b"what is long enough to be looked at is number %05d\0" % i for i in range(2100))
        + _pem(name, key)
    ),
    "hex-of-pem": lambda name, key: _pem(name, key).hex().encode(),
    "gzip": lambda name, key: gzip.compress(_pem(name, key)),
    "gzip-of-der": lambda _, key: gzip.compress(key),
    "bzip2": lambda name, key: bz2.compress(_pem(name, key)),
    "xz": lambda name, key: lzma.compress(_pem(name, key)),
    "zip": _zipped,
    "tar": _tarred,
    "in-pkcs7": lambda _, key: stores.pkcs7(ROOT, content=tlv(0xA0, octets(key))),
    "in-pkcs7-in-pem": lambda _, key: forge.pem(stores.pkcs7(ROOT, content=tlv(0xA0, octets(key))), "PKCS7"),
    "in-extension": lambda _, key: _in_extension(key),
    "in-extension-in-pem": lambda _, key: forge.pem(_in_extension(key)),
    "pem-in-extension-in-pem": lambda name, key: forge.pem(_in_extension(_pem(name, key))),
    "pem-in-name": lambda name, key: _in_name(_pem(name, key)),
    "base64-in-name-in-pem": lambda _, key: forge.pem(_in_name(base64.b64encode(key))),
    "hex-in-name-in-pem": lambda _, key: forge.pem(_in_name(key.hex().encode())),
    "wide-base64-in-name-in-pem": lambda _, key: forge.pem(
        forge.certificate(subject=forge.name(tlv(0x1E, base64.b64encode(key).decode().encode("utf-16-be"))))
    ),
}

"""Certificates out of what stores them: PEM, DER, OpenSSL's TRUSTED CERTIFICATE, Java's and PKCS#12 files.

Each function takes bytes of anybody's and gives a list of DER, or None where they cannot be read so.
"""

import base64
import binascii
import re
import struct

from trust_doctor import der

MOST = 20000  # certificates in one file
TRUSTED = b"-----BEGIN TRUSTED CERTIFICATE-----"
_BEGIN = b"-----BEGIN "
_LINES = re.compile(rb"-----(BEGIN|END) ((?:X509 |TRUSTED )?CERTIFICATE)-----([^\n]*)")
_BLANK = bytes(range(33))
_BLOCK = re.compile(rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[ \t]*\r?\n([^-]*)-----END \1-----")
_JAVA = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")  # JKS, JCEKS
_PRIVATE, _TRUSTED, _SECRET = 1, 2, 3
_DIGEST = 20
_X509 = b"X.509"
_P12 = (
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"  # PKCS#7's object identifiers, which every PKCS#12 file has
)
_CERT_BAG = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01"  # x509Certificate (RFC 7292, 4.2.3)
_ENCRYPTED = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"


def read(data, plain=False):
    """Return the certificates in a file of whichever kind; None where it is of none, or encrypted.

    Those of a TRUSTED CERTIFICATE are left out if it is to be `plain`: OpenSSL alone reads them.
    """
    if data[:4] in _JAVA:
        return java(data)
    if _BEGIN in data:
        return strict_pem(data, plain)
    if data[:1] == b"\x30":
        if _P12 in data[:64]:
            return pkcs12(data)
        return one(data)
    return [] if not data.strip() else None


class DamagedError(ValueError):
    """A file of PEM of which clients read nothing, as a part of it is damaged."""

    def __init__(self, number):
        ValueError.__init__(
            self, "certificate {} is damaged: OpenSSL and GnuTLS then read none of the file".format(number)
        )


def strict_pem(data, plain=False):
    """Return the certificates of PEM text as OpenSSL reads it; raise DamagedError where that gives up.

    A line that does not begin with the mark is text, and one damaged certificate ends it all: measured on
    OpenSSL 3.0 and, for the latter, GnuTLS 3.7.
    """
    found, at = [], 0
    while len(found) < MOST:
        begin = _line(data, at)
        if begin is None:
            break
        at = begin.end()
        if plain and begin.group(2).startswith(b"TRUSTED"):
            continue
        if begin.group(1) == b"END" or begin.group(3).strip(_BLANK):
            continue
        end = _line(data, at)
        if end is None or end.group(1, 2) != (b"END", begin.group(2)) or end.group(3).strip(_BLANK):
            raise DamagedError(len(found) + 1)
        octets = _decoded(data[at : end.start()].translate(None, _BLANK), len(found) + 1)
        at = end.end()
        if begin.group(2) == b"TRUSTED CERTIFICATE":
            if rejected(octets):
                continue
            octets = octets[: der.size(octets)]  # what it is trusted for comes behind it
        found.append(octets)
    return found


def _line(data, at):
    """Return the next mark that begins a line; a text of UTF-8 may begin with a mark of its own."""
    for found in _LINES.finditer(data, at):
        start = found.start()
        if data[start - 1 : start] in (b"", b"\n") or (start == 3 and data[:3] == b"\xef\xbb\xbf"):
            return found
    return None


def _decoded(text, number):
    try:
        octets = base64.b64decode(text, validate=True)
        der.size(octets)
    except ValueError:
        raise DamagedError(number) from None
    if octets[:1] != b"\x30":
        raise DamagedError(number)
    return octets


def pem(data, rejected_too=False):
    """Return the certificates of PEM text; what is between them, and what is damaged, is passed over."""
    found = []
    for block in _BLOCK.finditer(data):
        try:
            octets = base64.b64decode(block.group(2), validate=False)
            if block.group(1) == b"TRUSTED CERTIFICATE":
                if rejected(octets) and not rejected_too:
                    continue
                octets = octets[: der.size(octets)]  # what it is trusted for comes behind it
        except (binascii.Error, ValueError):
            continue
        found.append(octets)
        if len(found) >= MOST:
            break
    return found


def rejected(octets):
    """Tell whether OpenSSL's form of a certificate, as of a TRUSTED CERTIFICATE, says no to TLS servers.

    That is its second element: SEQUENCE { [trust], [0] reject, … } of purposes.
    """
    try:
        at = der.size(octets)
        if at == len(octets):
            return False
        _, at, end = der.header(octets, at, len(octets))
        trust, refused = None, b""
        while at < end:
            tag, start, at = der.header(octets, at, end)
            if tag == 0x30:
                trust = octets[start:at]
            elif tag == 0xA0:
                refused = octets[start:at]
        server = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
        any_use = b"\x06\x04\x55\x1d\x25\x00"
        if server in refused or any_use in refused:
            return True
        return trust is not None and server not in trust and any_use not in trust
    except der.DerError:
        return False


def one(data):
    """Return the one certificate that a DER file is, None where it is none."""
    try:
        der.certificate(data)
    except der.DerError:
        return None
    return [bytes(data)]


class _Reader:
    """Bytes that are taken from the front, and never more than there are."""

    def __init__(self, data, at):
        self.data = data
        self.at = at

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("the store is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, kind):
        return struct.unpack(kind, self.take(struct.calcsize(kind)))[0]

    def text(self):
        return self.take(self.number(">H"))


def java(data):
    """Return the trusted certificates of a JKS or JCEKS store, whose password they need not; else None.

    A key's own chain is no trust, and behind a JCEKS secret, which is a Java object, nothing is read.
    """
    reader = _Reader(data[:-_DIGEST], 4)
    found = []
    try:
        version = reader.number(">I")
        if version not in (1, 2):
            return None
        for _ in range(min(reader.number(">I"), MOST)):
            kind = reader.number(">I")
            reader.text()
            reader.take(8)
            if kind == _TRUSTED:
                found.append(_java_certificate(reader, version))
            elif kind == _PRIVATE:
                reader.take(reader.number(">I"))
                for _ in range(min(reader.number(">I"), MOST)):
                    _java_certificate(reader, version)
            else:
                return None
    except (ValueError, struct.error):
        return None
    return found


def _java_certificate(reader, version):
    if version > 1 and reader.text() != _X509:
        raise ValueError("the store has a certificate that is not X.509")
    return reader.take(reader.number(">I"))


def pkcs12(data):
    """Return the certificates of a PKCS#12 file that lie in the clear; None where all are encrypted.

    Java 18 and later write their own `cacerts` so; what `keytool` writes with a password is encrypted.
    """
    found, at = [], 0
    while len(found) < MOST:
        at = data.find(_CERT_BAG, at)
        if at < 0:
            break
        at += len(_CERT_BAG)
        try:  # [0] EXPLICIT OCTET STRING
            tag, start, end = der.header(data, at, len(data))
            inner, begin, stop = der.header(data, start, end)
        except der.DerError:
            continue
        if tag == 0xA0 and inner == 0x04:
            found.append(bytes(data[begin:stop]))
            at = stop
    if not found and _ENCRYPTED in data:
        return None
    return found

"""Which CAs an NSS database (cert9.db) trusts for servers.

softoken/sdb.c: one table of objects, whose columns are PKCS#11 attributes in hex, numbers in network order.
"""

import hashlib
import re

from trust_doctor import sqlite_file

LIMIT = 32 << 20  # bytes of a database
_ROWS = 20000
_TABLE = re.compile(
    r"CREATE TABLE nssPublic \(id PRIMARY KEY UNIQUE ON CONFLICT ABORT((?:, a[0-9a-f]{1,8})+)\)"
)
_CERTIFICATE = b"\x00\x00\x00\x01"  # CKO_CERTIFICATE
_CLASS, _VALUE, _ISSUER, _SERIAL = "a0", "a11", "a81", "a82"
# By the class of an object of trust: its attributes for servers and for the certificate's digest, and the
# value that "C" of certutil is: a CA that servers' certificates may come from.
_TRUST = {
    # CKO_NSS_TRUST: CKA_NSS_TRUST_SERVER_AUTH, CKA_NSS_CERT_SHA1_HASH, CKT_NSS_TRUSTED_DELEGATOR
    b"\xce\x53\x43\x53": ("ace536358", "ace5363b4", b"\xce\x53\x43\x52"),
    # CKO_TRUST of PKCS#11 3.2: CKA_PKCS_TRUST_SERVER_AUTH, CKA_HASH_OF_CERTIFICATE, CKT_TRUST_ANCHOR
    b"\x00\x00\x00\x0b": ("a62c", "a635", b"\x00\x00\x00\x02"),
}


class NssError(ValueError):
    """The file is no database of NSS's."""


def trusted(data):
    """Return (the certificates trusted for servers, how many others it has); raise NssError."""
    try:
        sql, rows = sqlite_file.table(data, "nssPublic", _ROWS)
    except sqlite_file.SqliteError as error:
        raise NssError(str(error)) from None
    made = _TABLE.fullmatch(sql or "")
    if made is None:
        raise NssError("has no table of certificates as NSS makes it")
    columns = ["id", *made.group(1)[2:].split(", ")]
    objects = [dict(zip(columns, row)) for row in rows]
    anchors = {_named(each) for each in objects if _is_anchor(each)}
    certificates = [each for each in objects if each.get(_CLASS) == _CERTIFICATE and each.get(_VALUE)]
    held = [each[_VALUE] for each in certificates if not anchors.isdisjoint(_names(each))]
    return held, len(certificates) - len(held)


def _is_anchor(each):
    server, _, anchor = _TRUST.get(each.get(_CLASS), ("", "", None))
    return anchor is not None and each.get(server) == anchor


def _named(each):
    """Return by what an object of trust names its certificate."""
    return each.get(_TRUST[each[_CLASS]][1]), each.get(_ISSUER), each.get(_SERIAL)


def _names(each):
    # NSS' older form has SHA-1: it only finds the one that is meant, beside its issuer and number.
    short, long = hashlib.sha1(each[_VALUE]), hashlib.sha256(each[_VALUE])  # noqa: S324
    digests = (short.digest(), long.digest(), None)
    return [(digest, each.get(_ISSUER), each.get(_SERIAL)) for digest in digests]

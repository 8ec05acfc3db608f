"""Faults of bundles: certificates that are no roots, are too much alike, or are there twice."""

from __future__ import annotations

from tests.lint import forge
from tests.lint.faults.stores import jks, jks_entry, pkcs7
from tests.lint.forge import name

_ISSUER, _ISSUER_KEY = name("Throw-Away Issuer"), forge.elliptic(8)
_ROOT = forge.certificate()
_PEM = forge.pem(_ROOT)
_LEAF = forge.leaf(forge.elliptic())
_INTERMEDIATE = forge.certificate(issuer=_ISSUER, issuer_key=_ISSUER_KEY)
_CLIENT = forge.certificate(
    issuer=_ISSUER,
    issuer_key=_ISSUER_KEY,
    extensions=(forge.key_usage(forge.bits(b"\x80", 7)), forge.usages("1.3.6.1.5.5.7.3.2")),
)
_ROLLOVER = forge.certificate(
    issuer_key=_ISSUER_KEY,
    extensions=(
        *forge.GOOD,
        forge.extension("2.5.29.35", forge.seq(forge.tlv(0x80, b"\x02" * 20))),
    ),
)

FAULTS = {
    "duplicate/twice.pem": _PEM * 2,
    "duplicate/three-times.pem": _PEM * 3,
    "duplicate/x509-label.pem": _PEM + forge.pem(_ROOT, "X509 CERTIFICATE"),
    "duplicate/in-pkcs7.p7b": pkcs7(_ROOT, _ROOT),
    "duplicate/in-jks.jks": jks(jks_entry(_ROOT), jks_entry(_ROOT)),
    "same-subject/two-keys.pem": _PEM + forge.pem(forge.certificate(forge.elliptic(9))),
    "same-subject/two-kinds-of-key.pem": _PEM + forge.pem(forge.certificate(forge.edwards())),
    "same-key/two-subjects.pem": _PEM + forge.pem(forge.certificate(subject=name("Throw-Away Other Root"))),
    "same-key/renewed.pem": _PEM + forge.pem(forge.certificate(serial=forge.integer(4713))),
    "leaf/server.pem": forge.pem(_LEAF),
    "leaf/server-behind-root.pem": _PEM + forge.pem(_LEAF),
    "leaf/client-without-basic-constraints.pem": forge.pem(_CLIENT),
    "leaf/in-pkcs7.p7b": pkcs7(_ROOT, _LEAF),
    "leaf/in-jks.jks": jks(jks_entry(_LEAF)),
    "leaf/in-der.der": _LEAF,
    "intermediate/alone.pem": forge.pem(_INTERMEDIATE),
    "intermediate/with-its-root.pem": forge.pem(_INTERMEDIATE)
    + forge.pem(forge.certificate(_ISSUER_KEY, subject=_ISSUER)),
    "intermediate/in-pkcs7.p7b": pkcs7(_INTERMEDIATE),
    "intermediate/new-key-signed-by-old.pem": forge.pem(_ROLLOVER),
}

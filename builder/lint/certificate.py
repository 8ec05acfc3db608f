"""What one CA certificate must be: every rule that needs no other certificate to decide."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from builder import x509
from builder.lint import extensions, signature
from builder.x509 import der, x500

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.lint.extensions import Extensions
    from builder.model import Certificate

_DAY = dt.timedelta(days=1)
_SOON = 90 * _DAY
_LONG = 25 * 366 * _DAY
_RSA_MINIMUM, _RSA_MAXIMUM, _RSA_FUTURE = 2048, 8192, 3072
# Go's crypto/x509 refuses exponents that do not fit in 31 bits.
_EXPONENT_MINIMUM, _EXPONENT_LIMIT = 65537, 1 << 31
_RSA_2048_ENDS = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_SERIAL_OCTETS = 20
_BROKEN = frozenset({"MD2", "MD4", "MD5"})
_V3 = 3


class Facts(msgspec.Struct, frozen=True):
    """A certificate, read as far as the rules need it."""

    certificate: Certificate
    fields: x509.X509
    key: x509.Key
    extensions: Extensions

    @property
    def is_ca(self) -> bool:
        """Whether it says that it is a CA."""
        return self.extensions.ca is True

    @property
    def is_root(self) -> bool:
        """Whether it claims to have signed itself; a renewed key's self-issued link names another key."""
        ski, authority = self.extensions.ski, self.extensions.authority
        aki = authority.key if authority else None
        return self.certificate.self_issued and (ski is None or aki is None or ski == aki)

    @property
    def names_another(self) -> bool:
        """Whether it is a root that names another certificate as the one that vouches for it."""
        authority = self.extensions.authority
        if not self.is_root or authority is None or authority.serial is None:
            return False
        own = x500.attributes(self.fields.issuer)
        return authority.serial != self.fields.serial or any(
            x500.attributes(issuer) != own for issuer in authority.issuers
        )


def read(certificate: Certificate) -> Facts:
    """Read what the rules look at; `certificate` has been parsed before, so nothing is raised."""
    fields = x509.parse(certificate.der)
    return Facts(certificate, fields, x509.key(fields.spki), extensions.read(fields.extensions))


def check(facts: Facts, *, now: dt.datetime) -> Iterator[tuple[str, str]]:
    """Yield rule and message of everything wrong with or odd about one certificate by itself."""
    yield from _form(facts)
    if facts.fields.version == _V3:
        yield from _role(facts)
    if facts.is_root and not facts.extensions.constrained:
        yield "unconstrained", "has no name constraints: it can vouch for any site"
    yield from _key(facts.key, facts.certificate)
    # A root that holds no key is found by its self-signature.
    if facts.key.form == x509.OFF_CURVE and not facts.is_root:
        yield "unsupported-key", "the key is no point of its curve"
    yield from _signature(facts)
    yield from _time(facts.certificate, now)
    yield from _names(facts)


def signed_itself(facts: Facts) -> bool:
    """Tell whether the self-signature is right; its key and algorithm must have passed the other rules."""
    return signature.is_self_signed(facts.certificate.der, facts.fields)


def _form(facts: Facts) -> Iterator[tuple[str, str]]:
    fields, said = facts.fields, facts.extensions
    if fields.version != _V3:
        yield "not-v3", f"is a version {fields.version} certificate"
    if fields.serial <= 0:
        yield "serial-not-positive", f"the serial number is {'zero' if fields.serial == 0 else 'negative'}"
    # Those of the DER: a positive number whose top bit is set has a zero before it.
    octets = (fields.serial ^ -(fields.serial < 0)).bit_length() // 8 + 1
    if octets > _SERIAL_OCTETS:
        yield "serial-too-long", f"the serial number has {octets} octets"
    for oid in said.repeated:
        yield "duplicate-extension", f"extension {oid} occurs more than once"
    for oid, why in said.malformed.items():
        yield "malformed-extension", f"extension {oid} is malformed: {why}"
    if facts.names_another:
        yield "malformed-extension", f"extension {extensions.AKI} names another certificate as the issuer"
    for oid in said.unknown_critical:
        yield "unknown-critical-extension", f"extension {oid} is critical, and clients do not know it"


def _role(facts: Facts) -> Iterator[tuple[str, str]]:
    said = facts.extensions
    if said.ca is False:
        yield "not-a-ca", "says that it is no CA (CA:FALSE)"
    elif said.ca and not said.ca_critical:
        yield "basic-constraints-not-critical", "the basic constraints are not critical"
    if said.cert_sign is False:
        yield "no-cert-sign", "the key usage lacks keyCertSign"
    if said.usages is not None and extensions.SERVER_AUTH not in said.usages:
        # Neither anyExtendedKeyUsage nor the usages of old will do: each is refused by some clients.
        yield "no-server-auth", "the extended key usage lacks serverAuth"
    for oid, value, rule, message in (
        (extensions.BASIC_CONSTRAINTS, said.ca, "no-basic-constraints", "does not say that it is a CA"),
        (extensions.KEY_USAGE, said.cert_sign, "no-key-usage", "has no key usage"),
        (extensions.SKI, said.ski, "no-key-identifier", "has no subject key identifier"),
    ):
        if value is None and oid not in said.malformed:
            yield rule, message


def _key(key: x509.Key, certificate: Certificate) -> Iterator[tuple[str, str]]:
    if key.algorithm == "RSA":
        if key.bits < _RSA_MINIMUM:
            yield "weak-rsa", f"the RSA key has only {key.bits} bits"
        elif key.bits > _RSA_MAXIMUM:
            yield "oversized-rsa", f"the RSA key has {key.bits} bits"
        elif key.bits < _RSA_FUTURE and certificate.not_after >= _RSA_2048_ENDS:
            yield (
                "rsa-2048-after-2030",
                f"the RSA key of {key.bits} bits is to last until {certificate.not_after:%Y}",
            )
        if not _EXPONENT_MINIMUM <= key.exponent < _EXPONENT_LIMIT or key.exponent % 2 == 0:
            shown = key.exponent if key.exponent < _EXPONENT_LIMIT else "2^31 or more"
            yield "rsa-exponent", f"the RSA exponent is {shown}"
        if key.form == x509.LACKS_NULL:
            yield "lax-encoding", "the RSA key lacks its NULL parameters"
    elif key.algorithm == "DSA":
        yield "dsa", "the key is a DSA key"
    elif key.algorithm.startswith("Ed"):
        return
    elif key.curve not in _CURVES or key.form == x509.COMPRESSED:
        is_new = key.algorithm.startswith(("ML-DSA", "SLH-DSA"))
        more = ", which OpenSSL knows from 3.5 on and most clients do not" if is_new else ""
        yield "unsupported-key", f"the key is of an unsupported kind: {key}{more}"


def _signature(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.fields.inner_algorithm != facts.fields.outer_algorithm:
        yield "algorithm-mismatch", "the inner and the outer signature algorithm differ"
        return
    try:
        kind, digest = signature.algorithm(facts.fields)
    except der.DerError:
        kind, digest = "", ""
    if not kind or (not digest and not kind.startswith("Ed")):
        yield "unknown-signature", "the signature algorithm is unknown"
    elif digest in _BROKEN:
        yield "weak-signature", f"the signature uses {digest}"
    elif digest == "SHA1":
        rule = "sha1-self-signature" if facts.is_root else "sha1-signature"
        yield rule, "the signature uses SHA-1"


def _time(certificate: Certificate, now: dt.datetime) -> Iterator[tuple[str, str]]:
    begins, ends = certificate.not_before, certificate.not_after
    if ends < begins:
        yield "validity-reversed", f"ends on {ends:%Y-%m-%d}, before it begins on {begins:%Y-%m-%d}"
        return
    if begins > now:
        yield "not-yet-valid", f"is not valid before {begins:%Y-%m-%d}"
    if now <= ends and ends - now < _SOON:
        yield "expires-soon", f"expires on {ends:%Y-%m-%d}, in {(ends - now) // _DAY} days"
    if ends - begins > _LONG:
        yield "long-lived", f"is valid for {(ends - begins) // _DAY // 365} years, until {ends:%Y-%m-%d}"


def _names(facts: Facts) -> Iterator[tuple[str, str]]:
    names = [x500.attributes(facts.fields.subject), x500.attributes(facts.fields.issuer)]
    if not names[0]:
        yield "empty-subject", "has no subject name"
    texts = (value for name in names for rdn in name for _, value in rdn if isinstance(value, str))
    if any(x500.escape(value) != value for value in texts):
        yield "deceptive-name", "a name has control, bidirectional or invisible characters"
    if x500.is_lax(facts.fields.subject) or x500.is_lax(facts.fields.issuer):
        yield "lax-encoding", "a name has a value of an unusual type, or characters that its type forbids"

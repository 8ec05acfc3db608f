"""What one CA certificate must be: every rule that needs no other certificate to decide."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from builder import x509
from builder.lint import extensions, measured, names, signature
from builder.lint.identifiers import UNKNOWN, called
from builder.x509 import der, x500

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.lint.extensions import Extensions
    from builder.model import Certificate
    from builder.x509 import Extension

_DAY = dt.timedelta(days=1)
SOON = 90 * _DAY
_LONG = 25 * 366 * _DAY
# A key of 2040 bits and more comes from a generator that was asked for 2048.
_RSA_MINIMUM, _RSA_NOMINAL, _RSA_MAXIMUM, _RSA_FUTURE = 2040, 2048, 8192, 3072
# Go's crypto/x509 refuses exponents that do not fit in 31 bits.
_EXPONENT_USUAL, _EXPONENT_LIMIT = 65537, 1 << 31
_RSA_2048_ENDS = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_SERIAL_OCTETS = 20
_BROKEN = frozenset({"MD2", "MD4", "MD5"})
_V3 = 3
# What every client that was measured processes when it is critical, so that no table need be read for it.
KNOWN_TO_ALL = frozenset(
    {extensions.BASIC_CONSTRAINTS, extensions.KEY_USAGE, extensions.SAN, extensions.POLICIES}
    | {extensions.EXTENDED_KEY_USAGE}
)
UNDERSTOOD_BY_ALL = frozenset(
    f"{how}-{kind}" for how in ("permitted", "excluded") for kind in ("dns", "mail", "uri", "address")
)
# After one of these the self-signature cannot be checked, or costs too much, or says nothing more.
_NO_SIGNATURE = frozenset(
    {"algorithm-mismatch", "dsa", "oversized-rsa", "rsa-exponent", "unknown-signature", "unsupported-key"}
    | {"weak-rsa", "weak-signature"}
)


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
    yield from _key(facts)
    # A root that holds no key is found by its self-signature.
    if facts.key.form == x509.OFF_CURVE and not facts.is_root:
        yield "unsupported-key", "the key is no point of its curve"
    yield from _signature(facts)
    yield from _time(facts.certificate, now)
    yield from _names(facts)


def signature_is_wrong(facts: Facts, rules: Iterable[str]) -> bool:
    """Tell whether a root's self-signature is wrong, where `rules`, which it breaks, let that be checked."""
    return (
        facts.is_root
        and _NO_SIGNATURE.isdisjoint(rules)
        and not signature.is_self_signed(facts.certificate.der, facts.fields)
    )


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
    for item in fields.extensions:
        yield from _extension(item, said)


def _extension(item: Extension, said: Extensions) -> Iterator[tuple[str, str]]:
    """Yield what is odd about an extension that not every client processes, by what they answered."""
    if item.oid == extensions.NAME_CONSTRAINTS:
        for kind in sorted(said.constraints):
            yield from _constraint(kind, critical=item.critical)
    elif item.critical and item.oid not in KNOWN_TO_ALL and item.oid not in said.malformed:
        refusing = measured.refusing(called(item))
        if "openssl" in refusing or called(item) == UNKNOWN:
            yield (
                "unknown-critical-extension",
                f"extension {item.oid} is critical, and clients do not know it",
            )
        elif refusing:
            message = f"extension {item.oid} is critical, and not known to {', '.join(refusing)}"
            yield "critical-extension", message


def _constraint(kind: str, *, critical: bool) -> Iterator[tuple[str, str]]:
    """Yield what is odd about constraining names of a kind, such as permitted-directory."""
    if kind in UNDERSTOOD_BY_ALL:
        return
    shown = kind.replace("-", " ")
    refusing = measured.refusing(f"critical-{kind}" if critical else kind)
    if kind.endswith(names.WITH_SCHEME):
        rule = "malformed-extension" if critical else "constraint-with-scheme"
        yield rule, f"a {'critical ' * critical}name constraint is an address with its scheme: {shown}"
    elif refusing:
        message = f"constrains names of a kind that {', '.join(refusing)} do not take: {shown}"
        yield "unsupported-constraint", message


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


def _key(facts: Facts) -> Iterator[tuple[str, str]]:
    key = facts.key
    if key.algorithm == "RSA":
        yield from _rsa(facts)
    elif key.algorithm == "DSA":
        yield "dsa", "the key is a DSA key"
    elif key.algorithm.startswith("Ed"):
        return
    elif key.algorithm.startswith("ML-DSA"):
        yield "unsupported-key", f"the key is an {key} key, which few clients know yet"
    elif key.curve not in _CURVES or key.form == x509.COMPRESSED:
        yield "unsupported-key", f"the key is of an unsupported kind: {key}"


def _rsa(facts: Facts) -> Iterator[tuple[str, str]]:
    key, ends = facts.key, facts.certificate.not_after
    if key.bits < _RSA_MINIMUM:
        yield "weak-rsa", f"the RSA key has only {key.bits} bits"
    elif key.bits > _RSA_MAXIMUM:
        yield "oversized-rsa", f"the RSA key has {key.bits} bits"
    elif key.bits < _RSA_NOMINAL:
        yield "short-rsa", f"the RSA key has {key.bits} bits"
    if _RSA_MINIMUM <= key.bits < _RSA_FUTURE and ends >= _RSA_2048_ENDS:
        yield "rsa-2048-after-2030", f"the RSA key of {key.bits} bits is to last until {ends:%Y}"
    if key.exponent == 1 or key.exponent % 2 == 0 or key.exponent >= _EXPONENT_LIMIT:
        shown = key.exponent if key.exponent < _EXPONENT_LIMIT else "2^31 or more"
        yield "rsa-exponent", f"the RSA exponent is {shown}"
    elif key.exponent < _EXPONENT_USUAL:
        yield "small-exponent", f"the RSA exponent is {key.exponent}"
    if x509.is_pss(facts.fields.spki):
        yield "rsa-pss-key", "the RSA key is for RSASSA-PSS alone"
    elif key.form == x509.LACKS_NULL:
        yield "lax-encoding", "the RSA key lacks its NULL parameters"


def _signature(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.fields.inner_algorithm != facts.fields.outer_algorithm:
        yield "algorithm-mismatch", "the inner and the outer signature algorithm differ"
        return
    try:
        kind, digest = signature.algorithm(facts.fields)
    except der.DerError:
        kind, digest = "", ""
    if not digest and kind and facts.key.algorithm.startswith(kind):
        return  # Edwards curves and ML-DSA choose their digests themselves; the key has been judged
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
    if now <= ends and ends - now < SOON:
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

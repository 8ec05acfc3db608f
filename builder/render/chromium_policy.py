"""The managed policies by which Chromium, Chrome and Edge trust CAs, and distrust others: one JSON file.

https://chromeenterprise.google/policies/#CACertificates: base64 of DER, for servers' certificates alone.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from builder.model import Bundle, Certificate


class NameLimits(msgspec.Struct, frozen=True):
    """The names that a certificate is trusted for; of a kind without any, all are."""

    permitted_dns_names: tuple[str, ...] = ()
    permitted_cidrs: tuple[str, ...] = ()


class LimitedCA(msgspec.Struct, frozen=True):
    """A certificate that is trusted for some names only."""

    certificate: str
    constraints: NameLimits = NameLimits()


class ChromiumPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a file of policies says of CAs, each in base64; whatever else it says, is not looked at."""

    trusted: tuple[str, ...] = msgspec.field(name="CACertificates", default=())
    constrained: tuple[LimitedCA, ...] = msgspec.field(name="CACertificatesWithConstraints", default=())
    distrusted: tuple[str, ...] = msgspec.field(name="CADistrustedCertificates", default=())
    merged: tuple[str, ...] = msgspec.field(name="PolicyListMultipleSourceMergeList", default=())


# Of two files that set one list the later name's counts, and the other is ignored in silence, unless the list
# is named in `merged`. Where two files have that, again one counts: each names all that any of ours may set.
_MERGED = ("CACertificates", "CACertificatesWithConstraints", "CADistrustedCertificates")


# A kind of name that is not constrained is free, and an empty list constrains nothing. So where a CA has no
# domains of a kind, the kind has one in which nobody is: .invalid is no domain of anybody's (RFC 6761), and
# no server has the address of all of a network's machines (RFC 919). Of IPv4 networks alone, none of IPv6 is.
_NO_NAMES, _NO_NETWORKS = ("invalid",), ("255.255.255.255/32",)
_ALL_NETWORKS = ("0.0.0.0/0", "::/0")


def chromium_policy(bundle: Bundle) -> bytes:
    """Return the policies that trust a bundle's CAs, each for its domains, and distrust others of it."""
    policy = ChromiumPolicy(
        trusted=tuple(_base64(one) for one in bundle.certificates if not one.domains),
        constrained=tuple(_limited(one) for one in bundle.certificates if one.domains),
        distrusted=tuple(map(_base64, bundle.distrusted)),
        merged=_MERGED,
    )
    return (json.dumps(msgspec.to_builtins(policy), indent=2) + "\n").encode("ascii")


def domains(limits: NameLimits) -> tuple[str, ...]:
    """Return the domains that a browser keeps a CA to, empty where all names of hosts are free."""
    if not limits.permitted_dns_names:
        return ()
    names = [one for one in limits.permitted_dns_names if one not in _NO_NAMES]
    networks = [one for one in limits.permitted_cidrs or _ALL_NETWORKS if one not in _NO_NETWORKS]
    return (*names, *networks)


def _limited(certificate: Certificate) -> LimitedCA:
    limits = NameLimits(certificate.names or _NO_NAMES, certificate.networks or _NO_NETWORKS)
    return LimitedCA(_base64(certificate), limits)


def _base64(certificate: Certificate) -> str:
    return base64.b64encode(certificate.der).decode("ascii")

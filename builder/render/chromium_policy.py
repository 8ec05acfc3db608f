"""The managed policies by which Chromium, Chrome and Edge trust CAs, and distrust others: one JSON file.

https://chromeenterprise.google/policies/#CACertificates: base64 of DER, for servers' certificates alone.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.model import Bundle, Certificate


class LimitedCA(msgspec.Struct, frozen=True):
    """A certificate that is trusted for some names only."""

    certificate: str


class ChromiumPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a file of policies says of CAs, each in base64; whatever else it says, is not looked at."""

    trusted: tuple[str, ...] = msgspec.field(name="CACertificates", default=())
    constrained: tuple[LimitedCA, ...] = msgspec.field(name="CACertificatesWithConstraints", default=())
    distrusted: tuple[str, ...] = msgspec.field(name="CADistrustedCertificates", default=())
    merged: tuple[str, ...] = msgspec.field(name="PolicyListMultipleSourceMergeList", default=())


# Of two files that set one list the later name's counts, and the other is ignored in silence, unless the list
# is named in `merged`. Where two files have that, again one counts: each names all that any of ours may set.
_MERGED = ("CACertificates", "CACertificatesWithConstraints", "CADistrustedCertificates")


def chromium_policy(bundle: Bundle) -> bytes:
    """Return the policies that trust a bundle's CAs, and distrust those that it distrusts."""
    policy = ChromiumPolicy(
        trusted=_listed(bundle.certificates), distrusted=_listed(bundle.distrusted), merged=_MERGED
    )
    return (json.dumps(msgspec.to_builtins(policy), indent=2) + "\n").encode("ascii")


def _listed(certificates: Iterable[Certificate]) -> tuple[str, ...]:
    return tuple(base64.b64encode(one.der).decode("ascii") for one in certificates)

"""The machine-readable lists of certificates that every package and the manifest carry.

What is distrusted is in a list of its own, so that no reader of the other one takes it for trusted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from builder.model import CertificateSummary, summarise
from builder.text.printed import printed

if TYPE_CHECKING:
    from builder.model import Bundle


class Inventory(msgspec.Struct, frozen=True):
    """What certificates.json holds; see `inventory`."""

    organisation: str
    release: str
    certificates: tuple[CertificateSummary, ...]
    distrusted: tuple[CertificateSummary, ...]


def trusted(bundle: Bundle) -> tuple[CertificateSummary, ...]:
    """Return what an auditor asks of each certificate that is shipped."""
    return tuple(summarise(certificate) for certificate in bundle.certificates)


def distrusted(bundle: Bundle) -> tuple[CertificateSummary, ...]:
    """Return the same of each distrusted certificate, with `since` and `evidence` where they are given."""
    return tuple(
        summarise(certificate, distrust=bundle.reasons.get(certificate.sha256))
        for certificate in bundle.distrusted
    )


def inventory(bundle: Bundle, *, slug: str, release: str) -> bytes:
    """Return the JSON file that packages carry: {schema, organisation, release, …}."""
    return _text(Inventory(slug, release, trusted(bundle), distrusted(bundle)))


@lru_cache(maxsize=2)  # every package of a release holds the same one
def _text(value: Inventory) -> bytes:
    return printed(msgspec.to_builtins(value)).encode("ascii")

"""The machine-readable list of certificates that every package and the manifest carry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    from builder.model import Bundle, Certificate


def describe(certificate: Certificate) -> dict[str, str]:
    """Return what an auditor asks of one certificate; times are UTC in RFC 3339, digests lower-case hex."""
    return {
        "sha256": certificate.sha256,
        "spki_sha256": certificate.spki_sha256,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": f"{certificate.serial:x}",
        "key": certificate.key,
        "not_before": stamp(certificate.not_before),
        "not_after": stamp(certificate.not_after),
    }


def inventory(bundle: Bundle, *, slug: str, release: str) -> bytes:
    """Return the JSON file that packages carry: {organisation, release, certificates: […]}."""
    value: dict[str, Any] = {
        "organisation": slug,
        "release": release,
        "certificates": [describe(certificate) for certificate in bundle.certificates],
    }
    return (json.dumps(value, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def stamp(moment: dt.datetime) -> str:
    """Return a UTC time in RFC 3339, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

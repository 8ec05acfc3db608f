"""The machine-readable lists of certificates that every package and the manifest carry.

What is distrusted is in a list of its own, so that no reader of the other one takes it for trusted.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from builder.model import Distrust

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


def trusted(bundle: Bundle) -> list[dict[str, str]]:
    """Return what an auditor asks of each certificate that is shipped."""
    return [describe(certificate) for certificate in bundle.certificates]


def distrusted(bundle: Bundle) -> list[dict[str, str]]:
    """Return the same of each distrusted certificate, with `since` and `evidence` where they are given."""
    found = []
    for certificate in bundle.distrusted:
        reason = asdict(bundle.reasons.get(certificate.sha256, Distrust()))
        found.append(describe(certificate) | {key: value for key, value in reason.items() if value})
    return found


def inventory(bundle: Bundle, *, slug: str, release: str) -> bytes:
    """Return the JSON file that packages carry: {organisation, release, certificates, distrusted}."""
    value: dict[str, Any] = {
        "organisation": slug,
        "release": release,
        "certificates": trusted(bundle),
        "distrusted": distrusted(bundle),
    }
    return (json.dumps(value, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def stamp(moment: dt.datetime) -> str:
    """Return a UTC time in RFC 3339, to the second."""
    # Not by strftime, which writes the year 99 with two digits.
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"

"""Roots that are known: public ones, ones that Mozilla removed, and ones whose private key is public.

`known_roots.csv` holds SHA-256 of certificate and of SPKI, status, reason and subject of each.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Certificate

# A key that is in several rows (renewed certificates) counts as the worst of them that is still so: a public
# root's older certificate was removed from the list without any distrust of its key.
_RANK = {"removed": 0, "public": 1, "compromised": 2}


class Known(msgspec.Struct, frozen=True):
    """What is known about a root: `status` is public, removed or compromised."""

    status: str
    reason: str


@cache
def _table() -> tuple[Mapping[str, Known], Mapping[str, Known]]:
    certificates: dict[str, Known] = {}
    spkis: dict[str, Known] = {}
    for line in Path(__file__).with_name("known_roots.csv").read_text("utf-8").splitlines()[1:]:
        certificate, spki, status, reason, _ = line.split(",", 4)
        known = Known(status, reason)
        certificates[certificate] = known
        if spki not in spkis or _RANK[spkis[spki].status] < _RANK[status]:
            spkis[spki] = known
    return certificates, spkis


def look_up(certificate: Certificate) -> Known | None:
    """Return what is known about the certificate, or else about its key, or None."""
    certificates, spkis = _table()
    by_key = spkis.get(certificate.spki_sha256)
    if by_key and by_key.status == "compromised":
        return by_key
    return certificates.get(certificate.sha256, by_key)

"""Roots that are known: public ones, ones that Mozilla removed, and ones whose private key is public.

`known_roots.csv` holds SHA-256 of certificate and of SPKI, status, reason and subject of each, and since
which release of certifi it is public; `known_roots.json` says of which day it is. tests/lint/known_roots.py
writes both.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.model import Certificate, Finding, Origin

TABLE = Path(__file__).with_name("known_roots.csv")
DATE = Path(__file__).with_name("known_roots.json")
# A key that is in several rows (renewed certificates) counts as the worst of them that is still so: a public
# root's older certificate was removed from the list without any distrust of its key.
_RANK = {"removed": 0, "public": 1, "compromised": 2}
OLD = dt.timedelta(days=365)


class Known(msgspec.Struct, frozen=True):
    """What is known about a root: `status` is public, removed or compromised."""

    status: str
    reason: str


class ListDate(msgspec.Struct, frozen=True):
    """Of which day the list of known roots is, and what it was read from."""

    as_of: dt.date
    source: str

    def days(self, now: dt.datetime) -> int:
        """Return how many days old the list is; never less than none."""
        return max(0, (now.date() - self.as_of).days)


@cache
def list_date() -> ListDate:
    """Return of which day the list is."""
    return msgspec.json.decode(DATE.read_bytes(), type=ListDate)


def age(now: dt.datetime, origin: Origin) -> Iterator[Finding]:
    """Yield a note at `origin` where the list is over a year old."""
    days = list_date().days(now)
    if days > OLD.days:
        message = f"the list of known roots is of {list_date().as_of}, {days} days ago"
        yield found("old-list", origin, message)


@cache
def _table() -> tuple[Mapping[str, Known], Mapping[str, Known]]:
    import csv

    certificates: dict[str, Known] = {}
    spkis: dict[str, Known] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for sha256, spki, status, reason, *_ in islice(csv.reader(file), 1, None):
            known = Known(status, reason)
            certificates[sha256] = known
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

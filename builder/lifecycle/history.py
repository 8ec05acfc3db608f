"""Every release so far, and what each changed in what is trusted: the history that a lock keeps."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from builder.errors import LockError, ReleaseError
from builder.model import CertificateSummary, Release, Revision
from builder.model import release as releases
from builder.render.changelog import meant, notes
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MINUTE = dt.timedelta(minutes=1)
_LAST = dt.datetime.max.replace(tzinfo=dt.UTC)
_RESTORE = "only 'trustpack lock' writes it: restore the file as it was committed"


class ReleaseRecord(msgspec.Struct, frozen=True):
    """One release: its UTC day, the digest of its content, and what it changed in what is trusted.

    `packaging` is the digest of how its packages are made, empty where that is not known. `distrusted` are
    blocked from then on, and `undistrusted` no longer; `meant` are from then on for other names than before,
    their `domains`. Of each CA only fingerprint and name are known.
    """

    release: str
    date: str
    content: str
    added: tuple[CertificateSummary, ...] = ()
    removed: tuple[CertificateSummary, ...] = ()
    distrusted: tuple[CertificateSummary, ...] = ()
    undistrusted: tuple[CertificateSummary, ...] = ()
    packaging: str = ""
    meant: tuple[CertificateSummary, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """What releases are ordered by."""
        return Release(self.release).numbers

    def named(self) -> Iterator[CertificateSummary]:
        """Yield each CA that it changes something about."""
        yield from (*self.added, *self.removed, *self.distrusted, *self.undistrusted, *self.meant)


def revisions(history: Sequence[ReleaseRecord]) -> tuple[Revision, ...]:
    """Return every release as packages' changelogs tell it, the newest first.

    Their times rise, each a minute at least, though several are of one day or a clock went back.
    """
    told: list[Revision] = []
    for record in reversed(history):
        told.append(_after(told[-1] if told else None, _revision(record)))
    return tuple(reversed(told))


def _after(last: Revision | None, told: Revision) -> Revision:
    if last is None or last.moment < told.moment:
        return told
    moment = last.moment + min(_MINUTE, _LAST - last.moment)
    day, minute = moment.date().isoformat(), moment.hour * 60 + moment.minute
    return msgspec.structs.replace(told, date=day, minute=minute)


def _revision(record: ReleaseRecord) -> Revision:
    release = Release(record.release)
    of_its_day = release.day is not None and release.day.isoformat() == record.date
    return Revision(
        release=record.release,
        date=record.date,
        minute=release.counter if of_its_day else 0,
        notes=(
            *notes("Trust", record.added),
            *notes("No longer trust", record.removed),
            *notes("Distrust", record.distrusted),
            *notes("No longer distrust", record.undistrusted),
            *meant(record.meant),
        )
        or ("The same certificates.",),
    )


def check_order(history: Sequence[ReleaseRecord], where: Callable[[int], str]) -> None:
    """Raise LockError for a release or a day that is none, and for releases out of their order.

    `where` names the place of a record, by its number from 0.
    """
    for i, record in enumerate(history):
        try:
            releases.stored(record.release)
            dt.date.fromisoformat(record.date)
        except ReleaseError as error:
            raise LockError(f"{where(i)}: {error}") from error
        except ValueError:
            raise LockError(f"{where(i)}: {record.date} is not a valid date") from None
    for i, (newer, older) in enumerate(pairwise(history)):
        if newer.numbers <= older.numbers:
            raise LockError(
                f"{where(i)}: release {newer.release} does not follow {older.release}",
                hint="if two branches made a release each, take one of them out and run 'trustpack lock'",
            )


def check_history(
    history: Sequence[ReleaseRecord], certificates: Sequence[CertificateSummary], where: str
) -> None:
    """Raise LockError unless the releases' changes lead to `certificates`, and call each CA by its name.

    People read them in packages' changelogs. Only the end counts: where two branches made a release each,
    what the first of them changed is in the second's content, too.
    """
    trusted: set[str] = set()
    blocked: set[str] = set()
    names = {item.sha256: item.subject for item in certificates}
    domains: dict[str, tuple[str, ...]] = {}
    for record in reversed(history):
        trusted = trusted - _keys(record.removed) | _keys(record.added)
        blocked = blocked - _keys(record.undistrusted) | _keys(record.distrusted)
        gone = _keys(record.removed) | _keys(record.distrusted)
        domains = {key: value for key, value in domains.items() if key not in gone}
        domains |= {item.sha256: item.domains for item in record.meant}
        for named in record.named():
            if names.setdefault(named.sha256, named.subject) != named.subject:
                said = visible(f"calls the CA {named.sha256} {named.subject}, not {names[named.sha256]}")
                raise LockError(f"{where}: release {record.release} {said}", hint=_RESTORE)
    shipped = {item.sha256 for item in certificates if item.shipped}
    distrusted = {item.sha256 for item in certificates if not item.shipped}
    if (trusted, blocked) != (shipped, distrusted):
        raise LockError(f"{where}: its history does not lead to the CAs that it lists", hint=_RESTORE)
    listed = {item.sha256: item.domains for item in certificates if item.shipped and item.domains}
    if {key: value for key, value in domains.items() if value} != listed:
        raise LockError(f"{where}: its history does not lead to the domains that it lists", hint=_RESTORE)


def _keys(named: Sequence[CertificateSummary]) -> set[str]:
    return {item.sha256 for item in named}

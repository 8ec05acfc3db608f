"""Where each CA is in its life, as trustpack.yaml's `lifecycle` says: rotations are data, not events.

A state changes when somebody changes it, never by the clock: the same files give the same packages.
"""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from builder.config import FINGERPRINT
from builder.errors import ConfigError
from builder.model import Distrust, State, domains
from builder.text.faults import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from builder.config import AuthoritySection, LifecycleSection
    from builder.model import Certificate, CertificateSummary

_DEFAULT: State = "active"


class Stage(msgspec.Struct, frozen=True):
    """One CA's state, from `since` until the day it is planned to leave it; `successor` is a SHA-256.

    `domains` are what it is meant for, as model.domains has them; empty for all names.
    """

    state: State = _DEFAULT
    since: dt.date | None = None
    until: dt.date | None = None
    owner: str = ""
    evidence: str = ""
    successor: str = ""
    domains: tuple[str, ...] = ()

    @property
    def distrust(self) -> Distrust:
        """What packages tell of a distrusted CA; the owner is the organisation's own matter."""
        return Distrust(self.since.isoformat() if self.since else "", self.evidence)

    def of(self, item: CertificateSummary) -> CertificateSummary:
        """Return what is said of the CA, and where it is in its life."""
        since, until = (day.isoformat() if day else "" for day in (self.since, self.until))
        return msgspec.structs.replace(
            item,
            state=self.state,
            since=since,
            until=until,
            owner=self.owner,
            evidence=self.evidence,
            domains=self.domains,
        )


_ACTIVE = Stage()


class Lifecycle(msgspec.Struct, frozen=True):
    """Every CA's stage by fingerprint; `overlap` is how long a new root is out before it is needed."""

    overlap: dt.timedelta = dt.timedelta(days=30)
    stages: Mapping[str, Stage] = msgspec.field(default_factory=lambda: MappingProxyType({}))

    def stage(self, fingerprint: str) -> Stage:
        """Return a CA's stage; one that is not listed is active."""
        return self.stages.get(fingerprint, _ACTIVE)

    def is_distrusted(self, fingerprint: str) -> bool:
        """Tell whether a CA must not be shipped."""
        return self.stage(fingerprint).state == "distrusted"

    def partition(
        self, certificates: Iterable[Certificate]
    ) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
        """Return the certificates that are shipped, with their domains, and those that are distrusted."""
        shipped: list[Certificate] = []
        blocked: list[Certificate] = []
        for item in certificates:
            if self.is_distrusted(item.sha256):
                blocked.append(item)
            else:
                shipped.append(_within(item, self.stage(item.sha256).domains))
        return tuple(shipped), tuple(blocked)


def _within(item: Certificate, domains: tuple[str, ...]) -> Certificate:
    return msgspec.structs.replace(item, domains=domains) if domains else item


def read(section: LifecycleSection, where: Callable[[tuple[str, ...]], str]) -> Lifecycle:
    """Return what the configuration says; `where` names file and line of a key. Raises ConfigError."""
    stages: dict[str, Stage] = {}
    for written, authority in section.authorities.items():
        key = ("lifecycle", "authorities", written)
        if not re.match(FINGERPRINT, written):
            hint = "64 hexadecimal digits, with or without colons; 'trustpack lint --format json' lists them"
            raise ConfigError(f"{where(key)}: '{written}' is no SHA-256 fingerprint", hint=hint)
        fingerprint = plain(written)
        if fingerprint in stages:
            raise ConfigError(f"{where(key)}: the CA {fingerprint} is a duplicate entry")
        stages[fingerprint] = _stage(authority, key, where)
    return Lifecycle(dt.timedelta(days=int(section.overlap.removesuffix("d"))), MappingProxyType(stages))


def check(
    lifecycle: Lifecycle,
    section: LifecycleSection,
    where: Callable[[tuple[str, ...]], str],
    *,
    held: Iterable[str],
    past: Iterable[str],
    shipped: Iterable[str],
) -> None:
    """Raise ConfigError for a CA that is not in the bundle (`held`), nor was in a release before (`past`).

    And for a successor that is not `shipped`, or whose own successors lead back to it.
    """
    held, past, shipped = frozenset(held), frozenset(past), frozenset(shipped)
    for written in section.authorities:
        key = ("lifecycle", "authorities", written)
        fingerprint = plain(written)
        if fingerprint not in held | past:
            raise ConfigError(
                f"{where(key)}: no certificate of the bundle has the fingerprint {fingerprint}",
                hint="'trustpack lint --format json' lists the fingerprints",
            )
        if fingerprint not in held and lifecycle.is_distrusted(fingerprint):
            raise ConfigError(
                f"{where(key)}: the distrusted CA {fingerprint} is not in the bundle",
                hint="keep its certificate in bundle.paths: blocking it takes the certificate itself",
            )
        successor = lifecycle.stage(fingerprint).successor
        if successor and successor not in shipped:
            raise ConfigError(
                f"{where((*key, 'successor'))}: the successor {successor} is not shipped",
                hint="put its certificate into bundle.paths, or, if it is left out there, name another one",
            )
        if fingerprint in _successors(lifecycle, fingerprint):
            raise ConfigError(f"{where((*key, 'successor'))}: the CA cannot succeed itself")


def _successors(lifecycle: Lifecycle, fingerprint: str) -> set[str]:
    """Return the CA's successor, the successor's, and so on."""
    successors: set[str] = set()
    while (fingerprint := lifecycle.stage(fingerprint).successor) and fingerprint not in successors:
        successors.add(fingerprint)
    return successors


def plain(fingerprint: str) -> str:
    """Return a fingerprint as it is kept: lower-case hex without colons."""
    return fingerprint.replace(":", "").lower()


def _stage(section: AuthoritySection, key: tuple[str, ...], where: Callable[[tuple[str, ...]], str]) -> Stage:
    since, until = (_day(section, (*key, name), where) for name in ("since", "until"))
    if since and until and until < since:
        raise ConfigError(f"{where((*key, 'until'))}: the day {until} is before {since}, since when it is so")
    return Stage(
        state=section.state,
        since=since,
        until=until,
        owner=section.owner or "",
        evidence=section.evidence or "",
        successor=plain(section.successor or ""),
        domains=_domains(section.domains or (), (*key, "domains"), where),
    )


def _domains(
    written: Sequence[str], key: tuple[str, ...], where: Callable[[tuple[str, ...]], str]
) -> tuple[str, ...]:
    found: list[str] = []
    for text in written:
        try:
            domain = domains.canonical(text)
        except ValueError as error:
            raise ConfigError(f"{where(key)}: domains: {shown(text)}: {error}") from None
        if domain in found:
            raise ConfigError(f"{where(key)}: domains: {domain} is a duplicate entry")
        found.append(domain)
    return domains.ordered(found)


def _day(
    section: AuthoritySection, key: tuple[str, ...], where: Callable[[tuple[str, ...]], str]
) -> dt.date | None:
    text: str | None = getattr(section, key[-1])
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{where(key)}: {key[-1]}: {text} is not a valid date") from None

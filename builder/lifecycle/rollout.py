"""Whether enough hosts have a CA for a step of its rotation, by what their doctors have reported."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from builder.errors import ConfigError, HostsError
from builder.lifecycle.lock import OverriddenStep
from builder.lifecycle.states import plain
from builder.text import shares
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from builder.config import HostsOverrideSection, HostsSection
    from builder.lifecycle.states import Lifecycle
    from builder.model import CertificateSummary

MAX_AGE = dt.timedelta(days=7)
_AHEAD = dt.timedelta(minutes=5)  # by which clocks differ
_KEY = ("lifecycle", "hosts", "at_least")
_REPORT = "'trustpack doctor report … --json > hosts.json', then --hosts hosts.json"
_MEND = "mend these hosts and report again"
_OVERRIDE = "what cannot wait goes into lifecycle.hosts.overrides"


class SeenHost(msgspec.Struct, frozen=True):
    """One host that counts: when it last said all (None: it has not), and which CAs it trusts, by SHA-256."""

    time: dt.datetime | None
    trusted: frozenset[str]


class SeenHosts(msgspec.Struct, frozen=True):
    """What a report on hosts says, as far as a rotation depends on it; `where` is its file.

    Without an `inventory` nobody misses the hosts that are silent.
    """

    where: str
    organisation: str
    hosts: tuple[SeenHost, ...]
    inventory: bool = True


class Coverage(msgspec.Struct, frozen=True):
    """On how many hosts a CA is trusted."""

    certificate: CertificateSummary
    trusted: int
    hosts: int

    @property
    def said(self) -> str:
        """How many have it and lack it, as people read it."""
        return f"is on {shares.told(self.trusted, self.hosts)} hosts; {self.hosts - self.trusted:,} lack it"

    @property
    def text(self) -> str:
        """The same, with the CA's name."""
        return f"{_named(self.certificate)} {self.said}"

    @property
    def value(self) -> dict[str, Any]:
        """The same as JSON has it."""
        item = self.certificate
        counts = {"trusted": self.trusted, "lacking": self.hosts - self.trusted, "hosts": self.hosts}
        return {"sha256": item.sha256, "subject": item.subject, **counts}


class HostsOverride(msgspec.Struct, frozen=True):
    """A step that does not wait for hosts, up to a day."""

    fingerprint: str
    reason: str
    until: dt.date


class RolloutPolicy(msgspec.Struct, frozen=True):
    """What is asked of hosts, and `line`, where the configuration says so."""

    at_least: Fraction
    max_age: dt.timedelta
    overrides: tuple[HostsOverride, ...]
    line: str

    def enough(self, found: Coverage) -> bool:
        """Tell whether as many hosts as are asked for have a CA."""
        return found.hosts > 0 and found.trusted >= self.at_least * found.hosts

    def override(self, fingerprint: str, today: dt.date) -> HostsOverride | None:
        """Return what lets the step of a CA be taken all the same."""
        held = (one for one in self.overrides if one.fingerprint == fingerprint and today <= one.until)
        return next(held, None)

    def ended(self, fingerprint: str) -> str:
        """Return what is to be told of a CA's override that no longer holds; empty where it has none."""
        days = [one.until for one in self.overrides if one.fingerprint == fingerprint]
        return f"its override in lifecycle.hosts.overrides held until {max(days)}" if days else ""


class HostsStep(msgspec.Struct, frozen=True):
    """A step that must not be taken before hosts have a CA: `item`'s, which needs `needed` on them."""

    item: CertificateSummary
    word: Literal["active", "distrusted", "removed"]
    needed: CertificateSummary

    @property
    def verb(self) -> str:
        """What becomes of the CA, as people read it."""
        verb = "becomes active" if self.word == "active" else f"is {self.word}"
        successor = "" if self.item == self.needed else f", and its successor is {_named(self.needed)}"
        return f"{verb}{successor}"

    @property
    def said(self) -> str:
        """The same, with the CA's name."""
        return f"{_named(self.item)} {self.verb}"


def read(section: HostsSection, where: Callable[[tuple[str | int, ...]], str]) -> RolloutPolicy:
    """Return what the configuration says; `where` names file and line of a key. Raises ConfigError."""
    part = shares.share(section.at_least)
    assert part is not None  # noqa: S101  the section has a pattern for it
    overrides = tuple(_override(one, i, where) for i, one in enumerate(section.overrides))
    age = dt.timedelta(days=int(section.max_age.removesuffix("d")))
    return RolloutPolicy(part, age, overrides, where(_KEY))


def _override(
    section: HostsOverrideSection, index: int, where: Callable[[tuple[str | int, ...]], str]
) -> HostsOverride:
    try:
        until = dt.date.fromisoformat(section.until)
    except ValueError:
        key = where(("lifecycle", "hosts", "overrides", index, "until"))
        raise ConfigError(f"{key}: until: {section.until} is not a valid date") from None
    return HostsOverride(plain(section.fingerprint), section.reason, until)


def coverage(
    item: CertificateSummary, seen: SeenHosts, *, now: dt.datetime, max_age: dt.timedelta
) -> Coverage:
    """Return on how many hosts a CA is; what a host said before `max_age`, or later than now, is void."""
    trusted = sum(
        host.time is not None and -_AHEAD <= now - host.time <= max_age and item.sha256 in host.trusted
        for host in seen.hosts
    )
    return Coverage(item, trusted, len(seen.hosts))


def steps(
    old: Sequence[CertificateSummary],
    new: Sequence[CertificateSummary],
    lifecycle: Lifecycle,
    today: dt.date,
) -> tuple[HostsStep, ...]:
    """Return each step from `old` to `new` that needs a CA on hosts; the first release needs none."""
    before, after = {one.sha256: one for one in old}, {one.sha256: one for one in new}
    if not before:
        return ()
    return (*_coming(before, new), *_going(old, after, lifecycle, today))


def _coming(
    before: Mapping[str, CertificateSummary], new: Sequence[CertificateSummary]
) -> Iterator[HostsStep]:
    for item in new:
        state = before[item.sha256].state if item.sha256 in before else ""
        # What retires before it was ever active could be made active without a question the next day.
        if item.state in {"active", "retiring"} and state in {"", "incoming", "distrusted"}:
            yield HostsStep(item, "active", item)


def _going(
    old: Sequence[CertificateSummary],
    after: Mapping[str, CertificateSummary],
    lifecycle: Lifecycle,
    today: dt.date,
) -> Iterator[HostsStep]:
    for item in old:
        now = after.get(item.sha256)
        if item.state in {"incoming", "distrusted"} or (now and now.shipped) or item.ends.date() < today:
            continue
        successor = after.get(lifecycle.stage(item.sha256).successor)
        if successor and successor.shipped:
            yield HostsStep(item, "distrusted" if now else "removed", successor)


def hold(
    found: Sequence[HostsStep],
    policy: RolloutPolicy,
    seen: SeenHosts | None,
    *,
    now: dt.datetime,
    today: dt.date,
) -> tuple[OverriddenStep, ...]:
    """Return the steps that an override lets go on; raise HostsError for one that must wait."""
    overridden: list[OverriddenStep] = []
    for step in found:
        said = short(step, policy, seen, now=now)
        if not said:
            continue
        override = policy.override(step.item.sha256, today)
        if override is None:
            hint = _MEND if seen else f"say how many hosts have it: {_REPORT}"
            hint = f"{hint}; {policy.ended(step.item.sha256) or _OVERRIDE}"
            raise HostsError(f"{policy.line}: lifecycle.hosts.at_least: {step.said}, and {said}", hint=hint)
        overridden.append(
            OverriddenStep(
                date=today.isoformat(),
                sha256=step.item.sha256,
                subject=step.item.subject,
                step=step.word,
                hosts=said,
                reason=override.reason,
            )
        )
    return tuple(overridden)


def short(step: HostsStep, policy: RolloutPolicy, seen: SeenHosts | None, *, now: dt.datetime) -> str:
    """Return why a step must wait, as people read it; empty where it need not."""
    if seen is None:
        return "no report says how many hosts have it"
    found = coverage(step.needed, seen, now=now, max_age=policy.max_age)
    if policy.enough(found):
        return ""
    it = "it" if step.item == step.needed else "that"
    return f"{it} {found.said}, of which {shares.written(policy.at_least)} must have it"


def _named(item: CertificateSummary) -> str:
    return visible(f"{item.subject or 'no name'} ({item.sha256})")

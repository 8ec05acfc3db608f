"""What the next release changes, and whether every machine will have a new root before it is needed."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from builder.lifecycle import approvals, keeping
from builder.lifecycle.keeping import Limits
from builder.lifecycle.lock import Change, compare
from builder.lifecycle.packaging import told
from builder.text.printed import printed
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.lifecycle.approvals import Standing
    from builder.lifecycle.lock import Lock
    from builder.lifecycle.rollout import Coverage
    from builder.lifecycle.states import Lifecycle, Stage
    from builder.model import CertificateSummary


class Warned(msgspec.Struct, frozen=True):
    """One thing that a rotation gets wrong: an overlap too short, or a plan that is overdue."""

    certificate: CertificateSummary
    message: str

    @property
    def text(self) -> str:
        """What people read."""
        return f"{_named(self.certificate)} {self.message}"


class Plan(msgspec.Struct, frozen=True):
    """What leads from the last release (empty: there is none) to the next one.

    `distrust` has, by target, what distrusting a CA does there, where one is distrusted, and `limits` the CAs
    that are not for all names; `stages` what is
    configured of each CA; `packaging` which other parts than the CAs have changed; `one_way` is a sentence
    where the release begins another scheme; `standing` is what approvers are asked, if they are; and `hosts`
    on how many hosts the CAs are that it is about, where a report on hosts is at hand.
    """

    before: str
    release: str
    change: Change
    kept: int
    warnings: tuple[Warned, ...]
    distrust: Mapping[str, str]
    limits: Limits = Limits()
    stages: Mapping[str, Stage] = MappingProxyType({})
    packaging: tuple[str, ...] = ()
    one_way: str = ""
    standing: Standing | None = None
    hosts: tuple[Coverage, ...] = ()


class _Rotation(msgspec.Struct, frozen=True):
    """Everything a warning depends on; `since` has the day each CA came out, `first` the first release's."""

    old: Mapping[str, CertificateSummary]
    new: Mapping[str, CertificateSummary]
    lifecycle: Lifecycle
    since: Mapping[str, dt.date]
    first: frozenset[str]
    today: dt.date

    def ready(self, fingerprint: str) -> dt.date | None:
        """Return the day from which every machine has a CA; None where, as far as is known, each has it.

        What the first release holds was on the machines before, but for what is said to be incoming.
        """
        incoming = self.lifecycle.stage(fingerprint).state == "incoming"
        if fingerprint in self.first and not incoming:
            return None
        if fingerprint not in self.old:
            # New, or taken out and back again: upgraded machines do not have it.
            return self._after(self.today)
        return self._after(self.since[fingerprint]) if fingerprint in self.since else None

    def _after(self, day: dt.date) -> dt.date:
        """Return the day on which what came out on `day` has been out for the overlap."""
        return day + min(self.lifecycle.overlap, dt.date.max - day)

    def used(self, fingerprint: str) -> dt.date | None:
        """Return the day from which a CA's issuer is used, None where that is not said or was long ago."""
        stage = self.lifecycle.stage(fingerprint)
        if stage.state == "incoming":
            return stage.until
        before = self.old.get(fingerprint)
        starts = before is None or before.state == "incoming"
        return stage.since or (self.today if starts else None)


def make(
    old: Sequence[CertificateSummary],
    new: Sequence[CertificateSummary],
    *,
    lock: Lock | None,
    before: str,
    release: str,
    lifecycle: Lifecycle,
    distrust: Mapping[str, str],
    today: dt.date,
) -> Plan:
    """Return the plan for a release of `new` on `today`; `lock` tells since when each CA of `old` is out.

    `distrust` has each target's sentence about what distrusting a CA does there.
    """
    shipped, wanted = ({item.sha256 for item in items if item.shipped} for items in (old, new))
    return Plan(
        before=before,
        release=release,
        change=compare(old, new),
        kept=len(shipped & wanted),
        warnings=warn(old, new, lock=lock, lifecycle=lifecycle, today=today),
        distrust=distrust if any(not item.shipped for item in new) else {},
        stages=lifecycle.stages,
    )


def warn(
    old: Sequence[CertificateSummary],
    new: Sequence[CertificateSummary],
    *,
    lock: Lock | None,
    lifecycle: Lifecycle,
    today: dt.date,
) -> tuple[Warned, ...]:
    """Return what a release of `new` after `old` gets wrong, as `make` does."""
    shipped = {item.sha256: item for item in old if item.shipped}
    wanted = {item.sha256: item for item in new if item.shipped}
    first = _first(lock) & shipped.keys() if shipped else wanted.keys()
    rotation = _Rotation(shipped, wanted, lifecycle, _since(lock), frozenset(first), today)
    return tuple(_warnings(rotation, {item.sha256 for item in new}))


def as_text(plan: Plan) -> str:
    """Return the plan as people read it."""
    before = f", after {plan.before}" if plan.before else ""
    same = "" if plan.change or plan.packaging else " (nothing changes)"
    lines = [visible(f"release {plan.release}{before}{same}")]
    for item, line in zip(plan.change.items, plan.change.lines, strict=True):
        said = _details(plan.stages.get(item.sha256))
        lines += [line, *([visible(f"    {said}")] if said else [])]
    if plan.packaging:
        lines.append(f"~ how packages are made: {told(plan.packaging)}")
    lines.append(_counted(plan))
    lines += [f"approvals: {plan.standing.told}"] if plan.standing and not plan.standing.approved else []
    lines += [f"hosts: {one.text}" for one in plan.hosts]
    lines += [f"warning: {text}" for text in (plan.one_way, *(one.text for one in plan.warnings)) if text]
    if plan.distrust:
        width = max(map(len, plan.distrust))
        lines += ["", "What distrust does on each target:"]
        lines += [f"  {target:<{width}}  {sentence}" for target, sentence in plan.distrust.items()]
    lines += keeping.lines(plan.limits)
    return "\n".join(lines) + "\n"


def _counted(plan: Plan) -> str:
    """Return how many CAs are shipped: before, after, and both times."""
    change = plan.change
    before = plan.kept + sum(item.shipped for item in change.removed)
    before += sum(old.shipped and not new.shipped for old, new in change.moved)
    after = plan.kept + sum(item.shipped for item in change.added)
    after += sum(new.shipped and not old.shipped for old, new in change.moved)
    if before == after == plan.kept:
        return f"{after} certificate{'s' * (after != 1)} shipped, the same as before"
    return f"{after} certificate{'s' * (after != 1)} shipped, {before} before, {plan.kept} of them both times"


def as_json(plan: Plan) -> str:
    """Return the plan as JSON in ASCII."""
    document: dict[str, Any] = {
        "before": plan.before,
        "release": plan.release,
        "added": [value(item, plan.stages) for item in plan.change.added],
        "removed": [value(item, plan.stages) for item in plan.change.removed],
        "moved": [moved(old, item, plan.stages) for old, item in plan.change.moved],
        "kept": plan.kept,
        "packaging": list(plan.packaging),
        "approvals": approvals.value(plan.standing),
        "hosts": [one.value for one in plan.hosts],
        "warnings": [
            {"sha256": one.certificate.sha256, "subject": one.certificate.subject, "message": one.message}
            for one in plan.warnings
        ],
        "one_way": plan.one_way,
        "distrust": dict(plan.distrust),
        "limits": keeping.value(plan.limits),
    }
    return printed(document)


def value(item: CertificateSummary, stages: Mapping[str, Stage]) -> dict[str, Any]:
    """Return a CA that comes, goes or changes its state as JSON has it, with what is configured of it."""
    found, stage = msgspec.to_builtins(item), stages.get(item.sha256)
    configured = {
        "until": stage.until.isoformat() if stage and stage.until else "",
        "owner": stage.owner if stage else "",
        "evidence": stage.evidence if stage else "",
    }
    return {**found, **configured, "domains": list(item.domains)}


def moved(old: CertificateSummary, item: CertificateSummary, stages: Mapping[str, Stage]) -> dict[str, Any]:
    """Return a CA whose state or domains change as JSON has it, with what they were before."""
    return value(item, stages) | {"state_before": old.state, "domains_before": list(old.domains)}


def _details(stage: Stage | None) -> str:
    """Return what else is configured of a CA that comes, goes or changes its state."""
    if stage is None:
        return ""
    named = {"until": stage.until, "owner": stage.owner, "evidence": stage.evidence}
    return ", ".join(f"{key} {value}" for key, value in named.items() if value)


def _since(lock: Lock | None) -> dict[str, dt.date]:
    """Return the day on which each CA last came out."""
    found: dict[str, dt.date] = {}
    for record in reversed(lock.history if lock else []):
        found |= {item.sha256: dt.date.fromisoformat(record.date) for item in record.added}
    return found


def _first(lock: Lock | None) -> set[str]:
    """Return the CAs of the first release that did not come out once more later."""
    if lock is None:
        return set()
    later = {item.sha256 for record in lock.history[:-1] for item in record.added}
    return {item.sha256 for item in lock.history[-1].added} - later


def _warnings(rotation: _Rotation, listed: set[str]) -> Iterator[Warned]:
    for item in rotation.new.values():
        yield from (Warned(item, text) for text in _coming(rotation, item))
        yield from (Warned(item, text) for text in _going(rotation, item))
    for key, item in rotation.old.items():
        # A distrusted CA is still listed: what is taken out in an emergency waits for no successor.
        if key not in listed:
            yield from (Warned(item, text) for text in _gone(rotation, item))


def _coming(rotation: _Rotation, item: CertificateSummary) -> Iterator[str]:
    """Say what is wrong with the day from which a CA's issuer is used."""
    stage = rotation.lifecycle.stage(item.sha256)
    used, ready = rotation.used(item.sha256), rotation.ready(item.sha256)
    if stage.state == "incoming" and used and used <= rotation.today:
        yield f"was to be in use from {used}, and is still incoming"
    if used and ready and used < ready:
        said = stage.since or stage.state == "incoming"
        hint = "" if said else f": make it incoming until {ready}"
        yield f"is used from {used}, but on all machines from {ready} only{hint}"


def _going(rotation: _Rotation, item: CertificateSummary) -> Iterator[str]:
    """Say what is wrong with the end of a CA that is still shipped."""
    stage, today = rotation.lifecycle.stage(item.sha256), rotation.today
    ends = item.ends.date()
    if ends < today:
        return
    if stage.state == "retiring" and stage.until:
        if stage.until <= today:
            yield f"was to be removed on {stage.until}, and is still retiring"
        yield from _late(rotation, stage.successor, stage.until, "is to be removed on")
    if ends - today <= rotation.lifecycle.overlap and not stage.successor:
        yield f"expires on {ends}, and names no successor"
    yield from _late(rotation, stage.successor, ends, "expires on")


def _gone(rotation: _Rotation, item: CertificateSummary) -> Iterator[str]:
    """Say what is wrong with the removal of a CA."""
    if item.ends.date() < rotation.today:
        return
    if item.state != "retiring":
        yield f"is removed while {item.state}: a release should show it as retiring first"
    successor = rotation.lifecycle.stage(item.sha256).successor
    yield from _late(rotation, successor, rotation.today, "is removed on")


def _late(rotation: _Rotation, successor: str, end: dt.date, how: str) -> Iterator[str]:
    """Say that a CA ends before its successor is out, or before that one's issuer takes over."""
    if successor not in rotation.new:
        return
    stage = rotation.lifecycle.stage(successor)
    ready, used = rotation.ready(successor), rotation.used(successor)
    said = f"{how} {end}, but its successor {_named(rotation.new[successor])}"
    if ready and ready > end:
        yield f"{said} is on all machines from {ready} only"
    elif used and used > end:
        yield f"{said} is used from {used} only"
    elif stage.state == "incoming" and not used and end - rotation.today <= rotation.lifecycle.overlap:
        yield f"{said} is still incoming, and has no day from which it is used"


def _named(item: CertificateSummary) -> str:
    return visible(f"{item.subject or 'no name'} ({item.sha256})")

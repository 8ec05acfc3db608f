"""What a project's next release is: the lock that follows, and the plan that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.errors import ReleaseError, TrustpackError
from builder.lifecycle import approvals, rollout
from builder.lifecycle import lock as locks
from builder.lifecycle import packaging as packagings
from builder.lifecycle import plan as plans
from builder.lifecycle.plan import Warned
from builder.model import release as releases
from builder.pipeline.domains import limits, targets
from builder.pipeline.names import refuse_shared
from builder.pipeline.packaging import packaging
from builder.release import manifest as manifests
from builder.render import recipe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from builder.lifecycle.lock import Lock, OverriddenStep
    from builder.lifecycle.plan import Plan
    from builder.lifecycle.rollout import Coverage, HostsStep, SeenHosts
    from builder.model import Bundle, CertificateSummary
    from builder.pipeline.project import Project
    from builder.release.manifest import Manifest


def following(project: Project, bundle: Bundle, *, release: str | None = None, again: bool = False) -> Lock:
    """Return the lock that a project's bundle leads to; raises ReleaseError, LockError or ConfigError.

    It has a new release where the content or the packaging is new, or `again` is set: `release`, else the
    configuration's.
    """
    refuse_shared(project, targets(project))
    wanted, configured = project.release(release), project.release()
    if wanted and configured and wanted.numbers != configured.numbers:
        raise ReleaseError(
            f"{project.where(('release',))}: release is {configured.text} here, not {wanted.text}",
            hint="change this line, or take it out and give --release: a build goes by what stands here",
        )
    try:
        new = locks.advance(
            project.lock,
            locks.describe(bundle, project.lifecycle),
            organisation=project.slug,
            today=project.today,
            wanted=wanted,
            again=again,
            packaging=packaging(project),
        )
    except ReleaseError as error:
        if configured is None:
            raise
        line = project.where(("release",))
        hint = f"clients would never fetch it: raise it in {line}, or take that line out"
        raise ReleaseError(str(error), hint=hint) from None
    return replace(new, approvals=approvals.following(new, project.approvers, str(project.lock_file)))


def unbumped(project: Project, bundle: Bundle, *, release: str | None = None) -> tuple[str, ...]:
    """Return which parts of the packaging have changed, where nothing else asks for a new release."""
    lock = project.lock
    described = locks.describe(bundle, project.lifecycle)
    if lock is None or not locks.stays(lock, described, project.release(release)):
        return ()
    return packagings.differences(lock.packaging, packaging(project))


def plan(project: Project, bundle: Bundle, out: Path, *, seen: SeenHosts | None = None) -> Plan:
    """Return what the next release changes since the lock's or, without a lock, since the one in `out`.

    `seen` is what a report on hosts says: how many have each CA that the plan is about, and may it go on.
    """
    lock = project.lock
    manifest = None if lock else manifests.read_manifest(out)
    try:
        new = following(project, bundle)
    except ReleaseError:
        if lock and unbumped(project, bundle):
            locks.refuse_other_packaging(lock, packaging(project), str(project.lock_file))
        raise
    before = lock.release.text if lock else manifest.release if manifest else ""
    sources = targets(project)
    old = lock.certificates if lock else released(manifest)
    made = plans.make(
        old,
        new.certificates,
        lock=lock,
        before=before,
        release=new.release.text,
        lifecycle=project.lifecycle,
        distrust={source.target: recipe.read(source).distrust for source in sources},
        today=project.today,
    )
    one_way = releases.one_way(releases.stored(before), new.release) if before else ""
    asked = approvals.standings(new, str(project.lock_file))[-1:]
    standing = asked[0] if asked else None
    return replace(
        made,
        limits=limits(bundle, project, sources),
        one_way=one_way,
        packaging=changed(lock, new),
        standing=standing,
        hosts=_covered(project, made, new, seen) if seen else (),
        warnings=(*made.warnings, *_waiting(project, _steps(project, new), seen)),
    )


def held(project: Project, new: Lock, seen: SeenHosts | None) -> tuple[OverriddenStep, ...]:
    """Return the steps to a new lock that go on by an override; raise HostsError where one must wait."""
    policy = project.rollout
    if policy is None:
        return ()
    return rollout.hold(_steps(project, new), policy, seen, now=project.now, today=project.today)


def _steps(project: Project, new: Lock) -> tuple[HostsStep, ...]:
    """Return what a new lock does that needs a CA on hosts."""
    old = project.lock.certificates if project.lock else ()
    return rollout.steps(old, new.certificates, project.lifecycle, project.today)


def _waiting(project: Project, steps: Sequence[HostsStep], seen: SeenHosts | None) -> Iterator[Warned]:
    """Yield a warning for each step that 'trustpack lock' refuses, or would without an override."""
    policy = project.rollout
    for step in steps if policy else ():
        said = rollout.short(step, policy, seen, now=project.now) if policy else ""
        if said and policy:
            over = "" if policy.override(step.item.sha256, project.today) is None else ": it is overridden"
            yield Warned(step.item, f"{step.verb}, and {said}{over}")


def _covered(project: Project, made: Plan, new: Lock, seen: SeenHosts) -> tuple[Coverage, ...]:
    """Return on how many hosts each CA is that the plan changes, or that others wait for."""
    changed_ones = {one.sha256 for one in made.change.items}
    awaited = {project.lifecycle.stage(key).successor for key in changed_ones}
    age = project.rollout.max_age if project.rollout else rollout.MAX_AGE
    return tuple(
        rollout.coverage(one, seen, now=project.now, max_age=age)
        for one in new.certificates
        if one.sha256 in changed_ones | awaited or one.state == "incoming"
    )


def changed(old: Lock | None, new: Lock) -> tuple[str, ...]:
    """Return which parts of the packaging differ, but for what the difference in CAs tells already."""
    parts = packagings.differences(old.packaging if old else None, new.packaging)
    same = old is not None and old.history[0].content == new.history[0].content
    return tuple(part for part in parts if same or part != packagings.REASONS)


def warnings(project: Project, bundle: Bundle, previous: Manifest | None = None) -> tuple[Warned, ...]:
    """Return what `plan` warns of in the rotation since the lock's release or, without a lock, `previous`."""
    lock = project.lock
    return plans.warn(
        lock.certificates if lock else released(previous),
        locks.describe(bundle, project.lifecycle),
        lock=lock,
        lifecycle=project.lifecycle,
        today=project.today,
    )


def refuse_warned(project: Project, warned: Collection[Warned]) -> None:
    """Raise TrustpackError where the configuration lets what the plan warns of stop a command."""
    if warned and project.config.lifecycle.fail_on == "warning":
        line = project.where(("lifecycle", "fail_on"))
        raise TrustpackError(
            f"{line}: lifecycle.fail_on is warning, and there is one to heed",
            hint="nothing is written: correct the rotation; 'trustpack docs rotate' tells how",
        )


def released(manifest: Manifest | None) -> list[CertificateSummary]:
    """Return the certificates of a release with states; of what is shipped, older ones know no others."""
    if manifest is None:
        return []
    return [
        *(replace(item, state=item.state or "active") for item in manifest.certificates),
        *(replace(item, state="distrusted") for item in manifest.distrusted),
    ]

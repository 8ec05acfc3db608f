"""Accept a project's bundle: load it, lint it as configured, and hold it to the lock."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from builder.errors import ConfigError, LockError
from builder.lifecycle import approvals, states
from builder.lifecycle import lock as locks
from builder.lint import Override, Policy, lint, refuse
from builder.load.access import Access, read
from builder.model import Bundle, Origin
from builder.rules import RULES, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from builder.config import OverrideSection
    from builder.lint.policy import Choice
    from builder.load import Loading
    from builder.model import Certificate, Finding, Release
    from builder.pipeline.project import Project


class Treatments(msgspec.Struct, frozen=True):
    """What a command's options say about doubtful certificates; None leaves it to the configuration."""

    expired: Choice | None = None
    intermediates: Choice | None = None
    public_roots: Choice | None = None


class Accepted(msgspec.Struct, frozen=True):
    """A bundle that may be shipped, and what people should know about it: no finding is an error."""

    bundle: Bundle
    findings: tuple[Finding, ...]


_NO_TREATMENTS = Treatments()


def accept(
    project: Project, *, access: Access | None = None, treatments: Treatments = _NO_TREATMENTS
) -> Accepted:
    """Return the configured bundle; raise BundleError or PrivateKeyError where lint finds an error.

    What is wrong with a distrusted CA is no error: that may be why it is distrusted.
    """
    loading = _load(project, access)
    bundle, findings = _lint(project, loading, treatments)
    refuse(findings)
    if bundle.distrusted and not bundle.certificates:
        raise ConfigError(
            f"{project.file}: every CA of the bundle is distrusted, so there is nothing to ship"
        )
    return Accepted(bundle, findings)


def survey(
    project: Project, *, access: Access | None = None, treatments: Treatments = _NO_TREATMENTS
) -> Bundle:
    """Return the configured bundle whatever lint says of its certificates; unreadable inputs still raise."""
    loading = _load(project, access)
    refuse(loading.findings)
    return _lint(project, loading, treatments)[0]


def examine(
    inputs: Sequence[str],
    project: Project | None,
    *,
    now: dt.datetime,
    access: Access,
    treatments: Treatments = _NO_TREATMENTS,
) -> tuple[Bundle, tuple[Finding, ...]]:
    """Return what lint makes of `inputs`, or without any of the project's bundle, and all that is found.

    The configuration's treatments and overrides hold for other inputs, too; its states do not.
    """
    own = project if not inputs else None
    loading = _load(own, access) if own else read(inputs, access)
    trusted, blocked = own.lifecycle.partition(loading.certificates) if own else (loading.certificates, ())
    bundle, findings = lint(trusted, now=now, policy=policy(project, treatments), distrusted=blocked)
    return bundle, loading.findings + findings


def locked(project: Project, bundle: Bundle, *, release: str | None, anchor: str = "") -> Release | None:
    """Return the release to build: the lock's, else `release` or the configuration's.

    Raises LockError where the bundle, the packaging or the release does not fit the lock, or too few have
    approved it, and ReleaseError. `anchor` is the digest of what must be among the approvals.
    """
    lock, wanted = project.lock, project.release(release)
    if lock is None:
        approvals.refuse_unapproved(lock, project.approvers, str(project.lock_file or "--org"), anchor=anchor)
        return wanted
    from builder.pipeline.packaging import packaging  # a build without a lock does without it

    described = locks.describe(bundle, project.lifecycle)
    where, given = str(project.lock_file), None if release is None else wanted
    locks.verify(lock, described, where, wanted=given, packaging=packaging(project))
    approvals.refuse_unapproved(lock, project.approvers, where, anchor=anchor)
    if wanted and wanted.numbers != lock.release.numbers:
        said = f"release is {wanted.text} here, and {lock.release.text} in {where}"
        higher = wanted.numbers > lock.release.numbers
        way = "run 'trustpack lock'" if higher else "take this line out: the lock's is higher"
        raise LockError(f"{project.where(('release',))}: {said}", hint=way)
    return lock.release


def policy(project: Project | None, treatments: Treatments = _NO_TREATMENTS) -> Policy:
    """Return the configured policy, or the default one, with what the options replace; raises ConfigError."""
    section = project.config.bundle if project else None
    plain = Policy()
    return Policy(
        expired=treatments.expired or (section or plain).expired,
        intermediates=treatments.intermediates or (section or plain).intermediates,
        public_roots=treatments.public_roots or (section or plain).public_roots,
        overrides=tuple(
            _override(item, _origin(project, i))
            for i, item in enumerate(section.overrides if section else ())
            if project
        ),
    )


def _load(project: Project, access: Access | None) -> Loading:
    return read(project.config.bundle.paths, access or Access(), folder=project.folder)


def _lint(project: Project, loading: Loading, treatments: Treatments) -> tuple[Bundle, tuple[Finding, ...]]:
    lifecycle = project.lifecycle
    trusted, blocked = lifecycle.partition(loading.certificates)
    bundle, findings = lint(trusted, now=project.now, policy=policy(project, treatments), distrusted=blocked)
    states.check(
        lifecycle,
        project.config.lifecycle,
        project.where,
        held=[item.sha256 for item in loading.certificates],
        past=project.lock.known if project.lock else (),
        shipped=[item.sha256 for item in bundle.certificates],
    )
    reasons = {item.sha256: lifecycle.stage(item.sha256).distrust for item in blocked}
    return Bundle(bundle.certificates, _once(blocked), reasons), loading.findings + findings


def _once(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    unique = {item.sha256: item for item in certificates}
    return tuple(sorted(unique.values(), key=lambda item: (item.label.lower(), item.sha256)))


def _origin(project: Project, index: int) -> Origin:
    path, _, line = project.where(("bundle", "overrides", index)).rpartition(":")
    return Origin(path, int(line))


def _override(item: OverrideSection, origin: Origin) -> Override:
    where = f"{origin}: bundle.overrides"
    if item.rule not in RULES:
        error = unknown(item.rule)
        raise ConfigError(f"{where}: {error}", hint=error.hint)
    if RULES[item.rule].final:
        raise ConfigError(f"{where}: rule {item.rule} has no override")
    try:
        until = dt.date.fromisoformat(item.until)
    except ValueError:
        raise ConfigError(f"{where}: until: {item.until} is not a valid date") from None
    return Override(item.rule, states.plain(item.fingerprint), item.reason, until, origin)

"""The lock: which CAs the packages hold and every release so far.

Only `trustpack lock` changes it. A build refuses other certificates than it lists, and packages made
otherwise, and takes its release from it: what is unchanged keeps its version and its bytes on any later day.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec

from builder.errors import LockError, ReleaseError
from builder.lifecycle import packaging as packagings
from builder.lifecycle.history import ReleaseRecord, check_history
from builder.model import CertificateSummary, Release
from builder.model import release as releases
from builder.model.certificate import Fingerprint  # noqa: TC001  msgspec reads annotations at run time
from builder.model.domains import told
from builder.text.quoting import visible

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from builder.lifecycle.packaging import Packaging
    from builder.lifecycle.states import Lifecycle
    from builder.model import Bundle

FILE_NAME = "trustpack.lock"


def file_name(realm: str) -> str:
    """Return what the lock of a realm is called; that of the organisation's own bundle where it is empty."""
    return f"trustpack.{realm}.lock" if realm else FILE_NAME


class ApprovalStep(msgspec.Struct, frozen=True):
    """One text that approvers sign, and each one's signature of it, empty as long as there is none."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]


class OverriddenStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step of a CA that was taken though too few hosts had what it needs."""

    sha256: Fingerprint
    subject: str
    date: Annotated[str, msgspec.Meta(description="The day.")]
    step: Annotated[str, msgspec.Meta(description="What became of the CA: active, distrusted or removed.")]
    hosts: Annotated[str, msgspec.Meta(description="How many hosts had what the step needs.")]
    reason: Annotated[str, msgspec.Meta(description="Why it could not wait.")]


class Lock(msgspec.Struct, frozen=True):
    """The CAs, each with its state, and the releases, the newest first; there is at least one.

    `packaging` is how the newest one's packages are made; locks of before it was pinned have none.
    `approvals` has every step that was approved, the oldest first; the last may be waiting for it.
    `overridden` has the steps that did not wait for hosts, the oldest first.
    """

    organisation: str
    certificates: tuple[CertificateSummary, ...]
    history: tuple[ReleaseRecord, ...]
    packaging: Packaging | None = None
    approvals: tuple[ApprovalStep, ...] = ()
    overridden: tuple[OverriddenStep, ...] = ()

    @property
    def release(self) -> Release:
        """The release whose certificates the lock lists."""
        return Release(self.history[0].release)

    @property
    def known(self) -> frozenset[str]:
        """Every fingerprint that this or an earlier release held."""
        past = (item for record in self.history for item in record.named())
        return frozenset(item.sha256 for item in (*past, *self.certificates))


class Change(msgspec.Struct, frozen=True):
    """What leads from one list of CAs to another; a pair is a CA before and after it did itself."""

    added: tuple[CertificateSummary, ...] = ()
    removed: tuple[CertificateSummary, ...] = ()
    moved: tuple[tuple[CertificateSummary, CertificateSummary], ...] = ()

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.added or self.removed or self.moved)

    @property
    def items(self) -> list[CertificateSummary]:
        """Each CA that it is about, in the order of `lines`."""
        return [*self.added, *self.removed, *(new for _, new in self.moved)]

    @property
    def lines(self) -> list[str]:
        """The change as people read it, a CA a line: with ! what is distrusted, with ? what no longer is."""
        return [
            *(f"{'+' if item.shipped else '!'} {_said(item)}" for item in self.added),
            *(f"{'-' if item.shipped else '?'} {_said(item)}" for item in self.removed),
            *(f"{_sign(old, new)} {_said(new, old)}, {_was(old, new)}" for old, new in self.moved),
        ]


def describe(bundle: Bundle, lifecycle: Lifecycle) -> tuple[CertificateSummary, ...]:
    """Return the CAs of a bundle as a lock lists them: in canonical order, distrusted ones last."""
    return tuple(
        CertificateSummary(
            sha256=item.sha256,
            subject=item.subject,
            not_before=item.not_before,
            not_after=item.not_after,
            state=lifecycle.stage(item.sha256).state,
            domains=lifecycle.stage(item.sha256).domains,
        )
        for item in (*bundle.certificates, *bundle.distrusted)
    )


def compare(old: Iterable[CertificateSummary], new: Iterable[CertificateSummary]) -> Change:
    """Return what leads from `old` to `new`, each part in its list's order."""
    before, after = {item.sha256: item for item in old}, {item.sha256: item for item in new}
    return Change(
        added=tuple(item for key, item in after.items() if key not in before),
        removed=tuple(item for key, item in before.items() if key not in after),
        moved=tuple(
            (before[key], item)
            for key, item in after.items()
            if key in before and (before[key].state, before[key].domains) != (item.state, item.domains)
        ),
    )


def content(certificates: Iterable[CertificateSummary]) -> str:
    """Return the digest of what packages are made from: the CAs that are shipped, for what, or blocked.

    The states of shipped CAs are not in it: no package differs by them.
    """
    words = sorted(f"{_content(item)}\n" for item in certificates)
    return hashlib.sha256("".join(words).encode("ascii")).hexdigest()


def _content(item: CertificateSummary) -> str:
    if not item.shipped:
        return f"block {item.sha256}"
    return " ".join(("ship", item.sha256, *item.domains))


def verify(
    lock: Lock,
    certificates: Sequence[CertificateSummary],
    where: str,
    *,
    wanted: Release | None,
    packaging: Packaging | None = None,
) -> None:
    """Raise LockError unless the lock lists exactly `certificates`, and `wanted` if given is its release.

    And where its packages would be made otherwise by `packaging` than by what it pins.
    """
    hint = "run 'trustpack lock', and have the change of the lock reviewed"
    if content(lock.certificates) != lock.history[0].content:
        raise LockError(f"{where}: its certificates are not those of release {lock.release.text}", hint=hint)
    if _pinned(lock.packaging) != lock.history[0].packaging:
        raise LockError(f"{where}: its packaging is not that of release {lock.release.text}", hint=hint)
    if change := compare(lock.certificates, certificates):
        lines = "\n  ".join(change.lines)
        raise LockError(f"{where}: the bundle is not the one that it lists:\n  {lines}", hint=hint)
    check_history(lock.history, lock.certificates, where)
    stated = {item.sha256: item for item in lock.certificates}
    if wrong := [item for item in certificates if item != stated[item.sha256]]:
        lines = "\n  ".join(_said(item) for item in wrong)
        raise LockError(f"{where}: describes CAs otherwise than their certificates do:\n  {lines}", hint=hint)
    refuse_other_packaging(lock, packaging, where)
    if wanted is not None and wanted.numbers != lock.release.numbers:
        raise LockError(
            f"{where}: its release is {lock.release.text}, not {wanted.text}",
            hint=f"run 'trustpack lock --release {wanted.text}', or leave the release to the lock",
        )


def refuse_other_packaging(lock: Lock, packaging: Packaging | None, where: str) -> None:
    """Raise LockError, naming what has changed, where packages would be made otherwise than is pinned."""
    if changed := packagings.differences(lock.packaging, packaging):
        raise LockError(
            f"{where}: packages would be made otherwise than those of release {lock.release.text}: "
            f"{packagings.told(changed)} changed",
            hint="undo that, or run 'trustpack lock --bump' for a new release of the same CAs",
        )


def stays(lock: Lock, certificates: Sequence[CertificateSummary], wanted: Release | None) -> bool:
    """Tell whether `certificates` are the content of the lock's release, and no other one is `wanted`."""
    newest = lock.history[0]
    whole = newest.content == content(certificates) and newest.packaging == _pinned(lock.packaging)
    return whole and (wanted is None or wanted.numbers == lock.release.numbers)


def advance(
    lock: Lock | None,
    certificates: Sequence[CertificateSummary],
    *,
    organisation: str,
    today: dt.date,
    wanted: Release | None = None,
    again: bool = False,
    packaging: Packaging | None = None,
) -> Lock:
    """Return the lock for `certificates`: with a new release where the content is new, or `again` is set.

    And where `packaging` is not what the lock pins; one that pins nothing yet does so from now on, without a
    release. The release is `wanted`, else `today`'s with a counter; raises ReleaseError where `wanted` is out
    already or would sort below what is released.
    """
    previous = lock.history if lock else ()
    packaging = packaging or (lock.packaging if lock else None)
    changed = packagings.differences(lock.packaging if lock else None, packaging)
    if lock and stays(lock, certificates, wanted) and not (again or changed):
        newest = msgspec.structs.replace(previous[0], packaging=_pinned(packaging))
        return msgspec.structs.replace(
            lock,
            organisation=organisation,
            certificates=tuple(certificates),
            history=(newest, *previous[1:]),
            packaging=packaging,
        )
    release = _release(previous, wanted, today, content(certificates))
    old = lock.certificates if lock else ()
    record = ReleaseRecord(
        release=release.text,
        date=today.isoformat(),
        content=content(certificates),
        added=_only(certificates, old, shipped=True),
        removed=_only(old, certificates, shipped=True),
        distrusted=_only(certificates, old, shipped=False),
        undistrusted=_only(old, certificates, shipped=False),
        meant=_meant(old, certificates),
        packaging=_pinned(packaging),
    )
    new = Lock(organisation, tuple(certificates), (record, *previous), packaging)
    return msgspec.structs.replace(new, approvals=lock.approvals, overridden=lock.overridden) if lock else new


def _pinned(packaging: Packaging | None) -> str:
    return packaging.digest if packaging else ""


def _release(
    previous: Sequence[ReleaseRecord], wanted: Release | None, today: dt.date, digest: str
) -> Release:
    newest = max((Release(record.release) for record in previous), key=lambda one: one.numbers, default=None)
    if wanted is None:
        chosen = releases.automatic(today, None)
        return newest.following() if newest and chosen.numbers <= newest.numbers else chosen
    hint = "clients would never fetch the change: choose a higher release, or leave it out"
    for record in previous:
        if record.numbers == wanted.numbers:
            said = "is out already" if record.content == digest else "names other content already"
            raise ReleaseError(f"release {wanted.text}: {said}", hint=hint)
    if newest and wanted.numbers < newest.numbers:
        raise ReleaseError(f"release {wanted.text}: is lower than {newest.text}, which is out", hint=hint)
    return wanted


def _only(
    items: Iterable[CertificateSummary], others: Iterable[CertificateSummary], *, shipped: bool
) -> tuple[CertificateSummary, ...]:
    """Return the CAs of `items` that are shipped (or else blocked), and not so in `others`."""
    known = {item.sha256 for item in others if item.shipped == shipped}
    wanted = (item for item in items if item.shipped == shipped and item.sha256 not in known)
    return tuple(CertificateSummary(sha256=item.sha256, subject=item.subject) for item in wanted)


def _meant(
    old: Iterable[CertificateSummary], new: Iterable[CertificateSummary]
) -> tuple[CertificateSummary, ...]:
    """Return the CAs that are shipped and are now meant for other names than before, with these."""
    before = {item.sha256: item.domains for item in old if item.shipped}
    return tuple(
        CertificateSummary(sha256=item.sha256, subject=item.subject, domains=item.domains)
        for item in new
        if item.shipped and item.domains != before.get(item.sha256, ())
    )


def _sign(old: CertificateSummary, new: CertificateSummary) -> str:
    return "~" if old.shipped == new.shipped else "?" if new.shipped else "!"


def _said(item: CertificateSummary, old: CertificateSummary | None = None) -> str:
    limited = item.domains or (old and old.domains)  # that it is not any more had better be said
    meant = f", for {told(item.domains) or 'all names'}" if limited else ""
    named = f"{item.subject or 'no name'} ({item.sha256})"
    return visible(f"{named}, {item.state}, expires {item.ends.date()}{meant}")


def _was(old: CertificateSummary, new: CertificateSummary) -> str:
    """Return what a CA was before its state or its domains changed."""
    said: list[str] = [old.state] if old.state != new.state else []
    said += [f"for {told(old.domains) or 'all names'}"] if old.domains != new.domains else []
    return f"was {', '.join(said)}"

"""The JSON that `check`, `lock` and `plan` print."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.lint.schema import Domains, LimitsJson  # noqa: TC001  msgspec reads annotations at run time
from builder.model import State  # noqa: TC001  msgspec reads annotations at run time
from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject

Until = Annotated[
    str, Meta(description="The day on which it is to leave its state, where that is configured; else empty.")
]
Owner = Annotated[str, Meta(description="Who answers for it, where that is configured; else empty.")]
Evidence = Annotated[
    str, Meta(description="What says why it is in its state, where that is configured; else empty.")
]


Parts = Annotated[
    list[str], Meta(description="What else has changed that packages are made by, by its key in the lock.")
]


class ExpiryJson(Shape, frozen=True):
    """One CA and its end."""

    sha256: Sha256
    subject: Subject
    not_after: Moment
    days: Annotated[int, Meta(description="Whole days until its end; negative since then.")]
    due: Annotated[
        bool, Meta(description="Whether it ends, or is to be removed, within the days looked ahead.")
    ]
    removal_due: Annotated[bool, Meta(description="Whether it is to be removed within these days.")]
    state: Annotated[str, Meta(description="Its state, where a lock or a configuration says it; else empty.")]
    until: Until
    owner: Owner
    evidence: Evidence
    sources: Annotated[list[str], Meta(description="The inputs that it was found in.")]


class CheckJson(DocumentJson, frozen=True):
    """Which CAs end soon."""

    now: Annotated[Moment, Meta(description="The moment at which it was judged.")]
    within_days: Annotated[int, Meta(description="How many days it looked ahead.")]
    due: Annotated[int, Meta(description="How many CAs are due.")]
    removals: Annotated[int, Meta(description="How many of them are to be removed.")]
    certificates: Annotated[list[ExpiryJson], Meta(description="Every CA, in the order of their ends.")]


class PlannedJson(Shape, frozen=True):
    """One CA that comes or goes."""

    sha256: Sha256
    subject: Subject
    not_before: Moment
    not_after: Moment
    state: State
    until: Until
    owner: Owner
    evidence: Evidence
    domains: Domains


class MovedJson(PlannedJson, frozen=True):
    """One CA whose state or domains change."""

    state_before: State
    domains_before: Domains


class WarningJson(Shape, frozen=True):
    """What is wrong with a rotation, such as a missing overlap."""

    sha256: Sha256
    subject: Subject
    message: str


class ApproverJson(Shape, frozen=True):
    """Somebody who may approve."""

    name: str
    kind: Annotated[Literal["ssh", "openpgp"], Meta(description="What key it is.")]
    fingerprint: Annotated[str, Meta(description="As `ssh-keygen -l` or `gpg --fingerprint` says it.")]


class ApprovalJson(Shape, frozen=True):
    """One step of the approvals: what was to be approved, and who has done it."""

    digest: Annotated[Sha256, Meta(description="Of the text that is signed.")]
    occasion: Annotated[
        Literal["first", "change", "distrust", "approvers", "removal"],
        Meta(description="What it is for, which says how many must sign it."),
    ]
    needed: Annotated[int, Meta(description="How many must sign it.")]
    approved: Annotated[bool, Meta(description="Whether enough have.")]
    signed: Annotated[list[ApproverJson], Meta(description="Who has signed it.")]
    missing: Annotated[list[ApproverJson], Meta(description="Who has not.")]
    wrong: Annotated[list[str], Meta(description="Approvers whose signature is not of this text.")]


Approvals = Annotated[
    ApprovalJson | None, Meta(description="What approvers are asked; null where nobody needs to approve.")
]


class CoverageJson(Shape, frozen=True):
    """On how many hosts a CA is trusted."""

    sha256: Sha256
    subject: Subject
    trusted: Annotated[int, Meta(description="Hosts that trust it.")]
    lacking: Annotated[int, Meta(description="Hosts that lack it, or say nothing that counts.")]
    hosts: Annotated[int, Meta(description="How many count.")]


class PlanJson(DocumentJson, frozen=True):
    """What the next release adds and removes."""

    before: Annotated[str, Meta(description="The last release; empty where there is none.")]
    release: Annotated[str, Meta(description="The next release.")]
    added: list[PlannedJson]
    removed: list[PlannedJson]
    moved: list[MovedJson]
    kept: Annotated[int, Meta(description="How many CAs are shipped both before and after.")]
    packaging: Parts
    approvals: Approvals
    hosts: Annotated[
        list[CoverageJson],
        Meta(description="CAs that it is about, by a report on hosts; empty where --hosts is not given."),
    ]
    warnings: list[WarningJson]
    one_way: Annotated[
        str,
        Meta(description="Where releases get another scheme: that there is no way back; else empty."),
    ]
    distrust: Annotated[
        dict[str, str],
        Meta(description="By target, what distrusting does there; empty where no CA is distrusted."),
    ]
    limits: LimitsJson


class ApprovalsJson(DocumentJson, frozen=True):
    """Who has approved a lock."""

    file: Annotated[str, Meta(description="The lock's path.")]
    release: Annotated[str, Meta(description="The lock's release.")]
    approved: Annotated[bool, Meta(description="Whether enough have approved what it says.")]
    anchor: Annotated[str, Meta(description="The digest of the last step that is approved; else empty.")]
    text: Annotated[str, Meta(description="What the last step's approvers sign, byte for byte.")]
    steps: Annotated[list[ApprovalJson], Meta(description="Every step, the oldest first.")]


class OverriddenStepJson(Shape, frozen=True):
    """A step of a CA that is taken though too few hosts have what it needs."""

    sha256: Sha256
    subject: Subject
    date: str
    step: Literal["active", "distrusted", "removed"]
    hosts: Annotated[str, Meta(description="How many hosts have what it needs.")]
    reason: str


class LockJson(DocumentJson, frozen=True):
    """How the lock differs from the bundle, and whether it was written."""

    file: Annotated[str, Meta(description="The lock's path.")]
    before: Annotated[str, Meta(description="The lock's release before; empty where there was no lock.")]
    release: Annotated[str, Meta(description="The release that the bundle leads to.")]
    up_to_date: Annotated[bool, Meta(description="Whether the lock is what it must be already.")]
    written: Annotated[bool, Meta(description="Whether it was written: not with --check or --dry-run.")]
    added: list[PlannedJson]
    removed: list[PlannedJson]
    moved: list[MovedJson]
    packaging: Parts
    approvals: Approvals
    overridden: Annotated[
        list[OverriddenStepJson], Meta(description="Steps that do not wait for hosts, by an override.")
    ]

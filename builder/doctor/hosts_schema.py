"""The JSON of a report on many hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject


class HostCountsJson(Shape, frozen=True):
    """How many hosts count, and what is known of them."""

    hosts: Annotated[int, Meta(description="How many count: those of the inventory, or without one all.")]
    fresh: Annotated[int, Meta(description="Those whose report is whole and not too old.")]
    incomplete: Annotated[int, Meta(description="Those whose doctor could not see all.")]
    stale: Annotated[int, Meta(description="Those whose newest report is too old.")]
    future: Annotated[int, Meta(description="Those whose clock is ahead.")]
    silent: Annotated[int, Meta(description="Those of the inventory that did not report.")]


class AuthorityOnHostsJson(Shape, frozen=True):
    """One CA, and on how many hosts it is trusted."""

    sha256: Sha256
    subject: Subject
    state: Annotated[
        Literal["active", "incoming", "retiring", "distrusted", "withdrawn"],
        Meta(description="Withdrawn: it was in an earlier release."),
    ]
    not_after: Annotated[str, Meta(description="The day on which it ends, where that is known; else empty.")]
    trusted: Annotated[
        int, Meta(description="Hosts all of whose stores that count hold it, and it is valid.")
    ]
    lacking: Annotated[int, Meta(description="Hosts one of whose stores that count lacks it.")]
    present: Annotated[
        int, Meta(description="Hosts that trust it and are not to, whatever their report's age.")
    ]
    absent: Annotated[int, Meta(description="Hosts that do not trust it and are not to.")]
    unknown: Annotated[int, Meta(description="Hosts that say nothing that counts.")]
    enough: Annotated[
        bool | None, Meta(description="Whether `at_least` of the hosts trust it; null where none is to.")
    ]


class FindingOnHostJson(Shape, frozen=True):
    """What is wrong with one store of a host."""

    sha256: Annotated[str, Meta(description="The CA's SHA-256; empty where it is about no CA.")]
    state: str
    kind: str
    what: str
    where: str
    user: str
    problem: str
    mend: Annotated[str, Meta(description="The line that mends it; else empty.")]


class ReportedHostJson(Shape, frozen=True):
    """One host."""

    name: str
    machine: Annotated[
        str, Meta(description="What tells it from others of its name; empty where it has none.")
    ]
    system: str
    description: str
    release: Annotated[str, Meta(description="The release that its doctor knows.")]
    time: Annotated[str, Meta(description="When it looked, in UTC; empty where it is silent.")]
    status: Literal["fresh", "incomplete", "stale", "future", "silent"]
    counted: Annotated[
        bool, Meta(description="Whether it counts: false where the inventory lacks it, or another one does.")
    ]
    trusted: list[Sha256]
    lacking: list[Sha256]
    present: Annotated[list[Sha256], Meta(description="CAs that it trusts and is not to.")]
    findings: Annotated[list[FindingOnHostJson], Meta(description="Of many, the first fifty.")]
    more: Annotated[int, Meta(description="How many findings are not listed.")]


class SharedMachineJson(Shape, frozen=True):
    """A machine id under which several names report: mostly copies of one image."""

    machine: str
    names: list[str]


class AlikeMachinesJson(Shape, frozen=True):
    """A name of the inventory under which several machines report."""

    name: str
    machines: int


class UnreadableReportJson(Shape, frozen=True):
    """A document that is no host's report."""

    message: Annotated[str, Meta(description="Where, and what is wrong.")]
    hint: str


class HostsJson(DocumentJson, frozen=True):
    """Which hosts trust each CA, which lack it, and which say nothing."""

    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: Annotated[str, Meta(description="The release that says which CAs there should be.")]
    time: Annotated[Moment, Meta(description="When the report was made.")]
    max_age_days: Annotated[int, Meta(description="For how many days a host's report counts.")]
    at_least: Annotated[str, Meta(description="Which part of the hosts must trust a CA: 99%.")]
    inventory: Annotated[bool, Meta(description="Whether a list said which hosts there should be.")]
    good: Annotated[bool, Meta(description="Whether nothing is to be done.")]
    counts: HostCountsJson
    authorities: list[AuthorityOnHostsJson]
    more_authorities: Annotated[
        int, Meta(description="CAs of which few hosts tell and no lock or release: more than are listed.")
    ]
    hosts: Annotated[list[ReportedHostJson], Meta(description="By their names.")]
    shared: list[SharedMachineJson]
    alike: Annotated[
        list[AlikeMachinesJson], Meta(description="Names that are one host, which trusts what each has.")
    ]
    others: Annotated[int, Meta(description="Reports of other organisations, which were left out.")]
    unreadable: Annotated[list[UnreadableReportJson], Meta(description="Of many, the first thousand.")]
    more_unreadable: int

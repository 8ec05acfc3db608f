"""The JSON that the commands of `trustpack batch` print: of `batch build`, batch.json."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.lifecycle.schema import ExpiryJson  # noqa: TC001  msgspec reads annotations at run time
from builder.model import State  # noqa: TC001  as above
from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject


class BatchTotalsJson(Shape, frozen=True):
    """How many organisations came out so."""

    built: int
    skipped: Annotated[int, Meta(description="Nothing has changed since they were built.")]
    failed: int
    left: Annotated[int, Meta(description="The batch was ended before it reached them.")]


class BatchResultJson(Shape, frozen=True):
    """What came of one organisation."""

    slug: Annotated[str, Meta(description="The name of its folder.")]
    status: Literal["built", "skipped", "failed", "left"]
    release: Annotated[str, Meta(description="The release that the output holds; empty where it failed.")]
    seconds: Annotated[float, Meta(description="Of processor time.")]
    where: Annotated[str, Meta(description="Where something is wrong, mostly a file.")]
    line: Annotated[int, Meta(description="The line there; 0 where there is none to name.")]
    message: Annotated[str, Meta(description="What is wrong; empty where nothing is.")]
    hint: Annotated[str, Meta(description="The way out; empty where there is none to name.")]
    warnings: Annotated[list[str], Meta(description="What a build of it warns of, where it was built.")]


class BatchJson(DocumentJson, frozen=True):
    """What came of a batch."""

    now: Annotated[Moment, Meta(description="When validity was judged.")]
    trustpack: Annotated[str, Meta(description="The version of trustpack that wrote it.")]
    organisations: Annotated[str, Meta(description="Where the organisations lie, as it was given.")]
    out: Annotated[str, Meta(description="Where the releases lie, as it was given.")]
    totals: BatchTotalsJson
    seconds: Annotated[float, Meta(description="Of processor time, for all that was built.")]
    vanished: Annotated[
        list[str],
        Meta(description="Organisations that are in the output and no longer where they came from."),
    ]
    results: list[BatchResultJson]


class BatchFaultJson(Shape, frozen=True):
    """Why nothing came of one organisation."""

    slug: Annotated[str, Meta(description="The name of its folder, with a realm's name behind it.")]
    where: Annotated[str, Meta(description="Where something is wrong, mostly a file.")]
    line: Annotated[int, Meta(description="The line there; 0 where there is none to name.")]
    message: Annotated[str, Meta(description="What is wrong.")]
    hint: Annotated[str, Meta(description="The way out; empty where there is none to name.")]


class BatchCheckJson(DocumentJson, frozen=True):
    """Which CAs of many organisations end soon."""

    now: Annotated[Moment, Meta(description="The moment at which it was judged.")]
    within_days: Annotated[int, Meta(description="How many days it looked ahead.")]
    organisations: Annotated[str, Meta(description="Where the organisations lie, as it was given.")]
    checked: Annotated[int, Meta(description="How many organisations and realms were looked at.")]
    due: Annotated[int, Meta(description="How many CAs are due, each once for an organisation.")]
    removals: Annotated[int, Meta(description="How many of them are to be removed.")]
    certificates: Annotated[
        list[ExpiryJson],
        Meta(description="Every CA of each organisation, which is its one source, in the order of ends."),
    ]
    failed: list[BatchFaultJson]


class BatchDiscrepancyJson(Shape, frozen=True):
    """A file of a release that is not what it should be."""

    file: str
    problem: Annotated[str, Meta(description="What is wrong with it, for people.")]


class ReleaseVerifiedJson(Shape, frozen=True):
    """One release that was verified."""

    slug: Annotated[str, Meta(description="The name of its folder.")]
    release: str
    files: Annotated[int, Meta(description="How many files were looked at.")]
    discrepancies: list[BatchDiscrepancyJson]


class BatchVerifyJson(DocumentJson, frozen=True):
    """Whether the releases of many organisations are what they say."""

    out: Annotated[str, Meta(description="Where the releases lie, as it was given.")]
    signed: Annotated[bool, Meta(description="Whether signatures were verified.")]
    verified: Annotated[int, Meta(description="How many releases have no difference.")]
    results: list[ReleaseVerifiedJson]
    failed: list[BatchFaultJson]


class MadeSiteJson(Shape, frozen=True):
    """One site."""

    slug: Annotated[str, Meta(description="The name of its folder.")]
    status: Literal["published", "unchanged"]
    url: Annotated[str, Meta(description="Where it is served.")]
    counter: Annotated[int, Meta(description="The number of its last publication.")]
    releases: Annotated[int, Meta(description="How many releases it offers.")]
    written: Annotated[int, Meta(description="How many files were written, or would be.")]
    install: Annotated[str, Meta(description="The SHA-256 of install.sh; empty without one.")]


class BatchRepoJson(DocumentJson, frozen=True):
    """What came of the sites of many organisations."""

    sites: Annotated[str, Meta(description="Where the sites lie, as it was given.")]
    dry_run: bool
    results: list[MadeSiteJson]
    failed: list[BatchFaultJson]


class PlannedCaJson(Shape, frozen=True):
    """A CA that comes or goes."""

    sha256: Sha256
    subject: Subject
    not_after: Moment
    state: State


class MovedCaJson(PlannedCaJson, frozen=True):
    """A CA whose state or domains change."""

    state_before: State


class OrganisationPlanJson(Shape, frozen=True):
    """What the next batch would make of one organisation."""

    slug: Annotated[str, Meta(description="The name of its folder, with a realm's name behind it.")]
    before: Annotated[str, Meta(description="The release in the output; empty where there is none.")]
    release: Annotated[str, Meta(description="The next release.")]
    added: list[PlannedCaJson]
    removed: list[PlannedCaJson]
    moved: list[MovedCaJson]
    warnings: Annotated[list[str], Meta(description="What is wrong with the rotation.")]
    stops: Annotated[bool, Meta(description="Whether the configuration lets that stop the build.")]


class BatchPlanJson(DocumentJson, frozen=True):
    """What the next batch would make of many organisations."""

    now: Annotated[Moment, Meta(description="When validity was judged.")]
    organisations: Annotated[str, Meta(description="Where the organisations lie, as it was given.")]
    out: Annotated[str, Meta(description="Where the releases lie, as it was given.")]
    unchanged: Annotated[int, Meta(description="How many organisations the batch would skip.")]
    vanished: Annotated[
        list[str],
        Meta(description="Organisations that are in the output and no longer where they came from."),
    ]
    plans: list[OrganisationPlanJson]
    failed: list[BatchFaultJson]

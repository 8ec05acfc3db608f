"""The JSON of the doctor: what one host trusts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject


class DoctoredHostJson(Shape, frozen=True):
    """The machine that was looked at."""

    name: Annotated[str, Meta(description="Its name.")]
    machine: Annotated[
        str,
        Meta(
            pattern="^([0-9a-f]{32})?$",
            description="32 hex digits that tell it from others: of the SHA-256 of `trustpack-doctor:` and "
            "its machine id; empty where it has none.",
        ),
    ]
    system: Annotated[Literal["linux", "darwin", "windows"], Meta(description="Its kind of system.")]
    description: Annotated[str, Meta(description="Its system's name and version.")]
    user: Annotated[str, Meta(description="Who looked.")]


class ExpectedAuthorityJson(Shape, frozen=True):
    """One CA of the release."""

    sha256: Sha256
    subject: Subject
    state: Annotated[str, Meta(description="active, incoming, retiring or distrusted.")]
    not_before: Moment
    not_after: Moment


class ExtraAuthorityJson(Shape, frozen=True):
    """A former CA of the organisation, which the release does not have any more."""

    sha256: Sha256
    subject: Subject


class StoreRowJson(Shape, frozen=True):
    """One trust store, or one setting that names one."""

    kind: str
    what: str
    where: Annotated[str, Meta(description="Its path, or where the setting stands.")]
    user: Annotated[str, Meta(description="Whose it is; empty for the whole machine's.")]
    certificates: Annotated[int | None, Meta(description="How many it holds; null where it is no store.")]
    effective: Annotated[bool | None, Meta(description="Whether a client reads it; null: cannot be told.")]
    shadowed_by: Annotated[str, Meta(description="What is read instead; else empty.")]
    states: Annotated[
        dict[str, str],
        Meta(
            description="By each CA's SHA-256: valid, missing, rotate, expired, pre-valid or distrusted; "
            "absent where it is not in the store and need not be."
        ),
    ]
    extra: list[ExtraAuthorityJson]
    problem: str
    note: str
    mend: Annotated[str, Meta(description="The line that mends it; else empty.")]


class UnreadablePathJson(Shape, frozen=True):
    """What is there and could not be read."""

    path: str
    why: str


class HostJson(DocumentJson, frozen=True):
    """What one host trusts."""

    trustpack: Annotated[str, Meta(description="The version of trustpack that made the doctor.")]
    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    release: Annotated[str, Meta(description="The release that the doctor knows.")]
    time: Annotated[Moment, Meta(description="When it looked.")]
    seconds: Annotated[float, Meta(description="How long it took.")]
    complete: Annotated[
        bool,
        Meta(description="Whether it saw all of the system within its limits; users' homes apart."),
    ]
    host: DoctoredHostJson
    authorities: list[ExpectedAuthorityJson]
    rows: list[StoreRowJson]
    unreadable: list[UnreadablePathJson]
    counts: Annotated[dict[str, int], Meta(description="How many states there are, by their word.")]

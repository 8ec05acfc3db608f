"""The JSON of batch.json, which `batch build --json` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Moment, Shape


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

"""The JSON that `trustpack repo check` and `trustpack check --site` print."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.repositories.schema import Address, Counter, Expires, Folder, Signed, Slug  # noqa: TC001
from builder.text.schema import DocumentJson, Moment, Shape


class SiteProblemJson(Shape, frozen=True):
    """A file of the site that is not as it was published."""

    path: str
    problem: Annotated[str, Meta(description="What is wrong with it, for people.")]


class SiteCheckJson(DocumentJson, frozen=True):
    """Whether a site is what it says of itself."""

    site: Folder
    organisation: Slug
    url: Address
    counter: Counter
    time: Signed
    expires: Expires
    signed: bool
    files: Annotated[int, Meta(description="How many files are the site's.")]
    verified_by: Annotated[list[str], Meta(description="What has verified the signatures.")]
    problems: list[SiteProblemJson]
    others: Annotated[list[str], Meta(description="Files in its folder that are not the site's.")]
    left: Annotated[
        list[str], Meta(description="Files that a push left for readers of the publication before.")
    ]
    unfinished: Annotated[bool, Meta(description="Whether a publication did not end.")]
    made_by: Annotated[str, Meta(description="What has made the indexes and the page.")]
    compared: Annotated[
        bool,
        Meta(description="Whether they were made once more, to be compared: only what has made them can."),
    ]


class SiteHealthJson(DocumentJson, frozen=True):
    """How a published site is found by its clients."""

    now: Annotated[Moment, Meta(description="The moment at which it was judged.")]
    within_days: Annotated[int, Meta(description="How many days it looked ahead.")]
    site: Annotated[str, Meta(description="Its folder or address, as it was given.")]
    organisation: Slug
    url: Annotated[str, Meta(description="Where it says that it is served.")]
    release: Annotated[str, Meta(description="The newest release that it offers; empty for none.")]
    counter: Annotated[int, Meta(description="The number of its publication.")]
    time: Annotated[Moment, Meta(description="When that was signed.")]
    expires: Annotated[Moment, Meta(description="Until when clients take it.")]
    days: Annotated[int, Meta(description="Whole days until then; negative since then.")]
    due: Annotated[bool, Meta(description="Whether it is to be signed again.")]
    signed: bool
    problems: Annotated[
        list[SiteProblemJson], Meta(description="What clients are served that is not of this publication.")
    ]

"""The JSON that `names` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Shape


class NameJson(Shape, frozen=True):
    """One package's name at the registry where its clients look for such packages."""

    target: str
    name: str
    registry: Literal["npm", "pypi", "rubygems"]
    url: Annotated[str, Meta(description="Where that registry, or its mirror, was asked.")]
    public: Annotated[bool, Meta(description="Whether trustpack.yaml lets it be published there.")]
    state: Annotated[
        Literal["free", "ours", "taken", "unknown"],
        Meta(description="Whether nobody has it, we do, somebody else seems to, or that could not be said."),
    ]
    why: Annotated[str, Meta(description="Why that is known, or is not.")]
    advice: Annotated[str, Meta(description="What to do; 'nothing' where that is so.")]
    due: Annotated[bool, Meta(description="Whether that should come before anything is published.")]


class PackageNamesJson(DocumentJson, frozen=True):
    """Whether the names of packages are free."""

    organisation: Annotated[str, Meta(description="The organisation's slug.")]
    names: list[NameJson]
    elsewhere: Annotated[
        list[str],
        Meta(description="Targets whose packages no registry is asked for, where a stranger could publish."),
    ]

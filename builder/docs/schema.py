"""The JSON that `docs` prints."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.text.schema import DocumentJson, Shape


class PageJson(Shape, frozen=True):
    """One page of the guide."""

    section: Annotated[str, Meta(description="What it is listed under.")]
    name: str
    title: str
    text: Annotated[str, Meta(description="In Markdown; empty in the list of all.")]


class DocsJson(DocumentJson, frozen=True):
    """The guide: the page asked for, or the list of all."""

    pages: list[PageJson]

"""The feed of releases: Atom (RFC 4287), whose identifiers stay when the site moves."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from builder.render import template
from builder.render.shipped import ROOT
from builder.repositories.page.authority import shortened
from builder.repositories.page.index import ReleaseRow, moment, release_row
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.repositories.page.view import ReleaseNews, SiteView

_TEMPLATES = ROOT / "templates" / "site"
_MOST = 40  # entries: readers that look once a month miss none
_NAMESPACE = uuid.UUID("6d0c5c1e-6f2b-5a0e-9d53-7f3a0d1f8a44")


def render(view: SiteView) -> bytes:
    """Return the feed; the same releases are always the same bytes."""
    return template.page(_TEMPLATES, "feed.atom.j2", _scope(view))


class FeedEntry(msgspec.Struct, frozen=True):
    """One entry: a release, or that one was withdrawn, which readers show as news of its own."""

    id: str
    title: str
    updated: str
    row: ReleaseRow
    withdrawal: bool


def _scope(view: SiteView) -> dict[str, Any]:
    slug = view.organisation.slug
    entries = sorted(
        (entry for one in view.releases for entry in _entries(slug, one)),
        key=lambda entry: (entry.updated, entry.withdrawal, entry.title),
        reverse=True,
    )[:_MOST]
    return {
        "view": view,
        "name": shortened(view.organisation.name),
        "id": _id(slug),
        # Not the publication's time: signing the same releases anew is no news.
        "updated": entries[0].updated if entries else stamp(moment(0)),
        "entries": entries,
    }


def _entries(slug: str, one: ReleaseNews) -> Iterator[FeedEntry]:
    row = release_row(one)
    yield FeedEntry(
        _id(slug, one.release), f"Release {one.release}", stamp(moment(one.time)), row, withdrawal=False
    )
    if one.withdrawn:
        yield FeedEntry(
            _id(slug, one.release, "withdrawn"),
            f"Release {one.release} is withdrawn",
            stamp(moment(max(one.withdrawn_at, one.time))),
            row,
            withdrawal=True,
        )


def _id(*words: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, '/'.join(words))}"

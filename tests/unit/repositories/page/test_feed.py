"""The feed: Atom with identifiers that stay."""

import xml.etree.ElementTree as ET
from itertools import pairwise

from msgspec.structs import replace

from builder.repositories.page import feed
from tests.repositories import pages

_TIME = 1796000000
_ATOM = "{http://www.w3.org/2005/Atom}"


def entries(text: bytes) -> list[tuple[str, str, str]]:
    """Return identifier, title and time of each entry."""
    return [
        tuple(str(one.findtext(f"{_ATOM}{name}")) for name in ("id", "title", "updated"))  # type: ignore[misc]
        for one in ET.fromstring(text).iter(f"{_ATOM}entry")  # noqa: S314  it is our own
    ]


def test_releases_and_withdrawals_are_news_of_their_own() -> None:
    """The newest first; a reader that shows only new entries shows a withdrawal, too."""
    found = entries(feed.render(pages.view(time=_TIME)))
    assert [
        ("Release 20261128", "2026-11-28T01:00:00Z"),
        ("Release 20261002", "2026-10-02T01:00:00Z"),
        ("Release 20260601 is withdrawn", "2026-10-02T00:00:00Z"),
        ("Release 20260601", "2026-06-01T01:00:00Z"),
        ("Release 20260110", "2026-01-10T01:00:00Z"),
    ] == [(title, updated) for _, title, updated in found]
    assert len(found) == len({identifier for identifier, _, _ in found})
    assert all(first[2] >= second[2] for first, second in pairwise(found))


def test_identifiers_stay_when_the_site_moves_and_is_signed_anew() -> None:
    """They are the organisation's and the release's: readers show nothing twice."""
    before = pages.view(time=_TIME)
    after = replace(before, url="https://elsewhere.internal", time=_TIME + 1, counter=13)
    assert entries(feed.render(before)) == entries(feed.render(after))
    same = replace(before, time=_TIME + 1, expires=_TIME + 2, counter=13)
    assert feed.render(before) == feed.render(same)
    other = replace(before, organisation=replace(before.organisation, slug="other"))
    ours, theirs = ({one for one, _, _ in entries(feed.render(view))} for view in (before, other))
    assert set() == ours & theirs


def test_its_addresses_are_the_sites() -> None:
    """Where it is, and where people read on."""
    root = ET.fromstring(feed.render(pages.view(time=_TIME)))  # noqa: S314  it is our own
    assert {"self": f"{pages.URL}/feed.atom", "alternate": f"{pages.URL}/"} == {
        str(link.get("rel")): str(link.get("href")) for link in root.findall(f"{_ATOM}link")
    }

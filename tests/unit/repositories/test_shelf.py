"""What an ecosystem has is counted in passing, and read in a stream."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from builder.errors import SiteError
from builder.repositories import entry as entries
from builder.repositories import shelf as shelving
from builder.repositories.clients import for_browsers, not_for_browsers
from builder.repositories.entry import SiteEntry, rank
from builder.repositories.shelf import ENTRIES, Again, Shelf, newest, stock
from builder.repositories.sitefile import Kind, Listed


def package(release: str, name: str = "acme-ca", *, added: int = 1, withdrawn: str = "") -> SiteEntry:
    """Return a package of a release, or of the site's own."""
    version = release or str(added)
    path = f"x/{name}-{version}"
    return SiteEntry(release, name, version, path, 1, "", "", added, (2, 3), withdrawn=withdrawn)


def drawn(seed: int) -> list[SiteEntry]:
    """Return packages in any order, some withdrawn, some the site's own."""
    chosen = random.Random(seed)  # noqa: S311  the same packages in each run
    found = [
        package(f"2026.{number}", name, added=number, withdrawn=chosen.choice(["", "", "stolen"]))
        for number in range(1, 15)
        for name in ("acme-ca", "acme-blue", "acme-red")[: chosen.randrange(1, 4)]
    ]
    found += [package("", "acme-repository", added=at) for at in range(3)]
    chosen.shuffle(found)
    return found


@pytest.mark.parametrize("seed", range(30))
def test_the_stock_is_what_the_packages_are(seed: int) -> None:
    """Counted at once, or some of them after the others."""
    every = drawn(seed)
    offered = [one for one in every if not one.withdrawn]
    found = stock(every)
    assert found == stock(every[10:], stock(every[:10])) == stock(every[-1:], stock(every[:-1]))
    assert (len(every), len(offered)) == (found.count, found.offered)
    assert min(one.added for one in every) == found.since
    assert offered[-1:] == [found.latest]
    newest = max(rank(one)[0] for one in offered if one.release)
    assert next(one for one in offered if one.release and rank(one)[0] == newest) == found.lead
    assert list(dict.fromkeys(one.name for one in every)) == list(found.names)
    for name, one in found.names.items():
        mine = [each for each in every if each.name == name]
        assert max(mine, key=rank) == one.last
        assert max((each for each in mine if not each.withdrawn), key=rank, default=None) == one.newest
        assert one.released is (name != "acme-repository")


def test_nothing_is_there() -> None:
    """Of no packages there is no newest one."""
    assert stock(()) == shelving.EMPTY.stock
    assert shelving.newest(shelving.EMPTY) == ""


@pytest.mark.parametrize("seed", range(10))
def test_lines_are_those_of_what_is_offered(seed: int) -> None:
    """Wherever the chunks end; or those of what is asked for."""
    every = drawn(seed)
    text = b"".join(b"%02d" % at for at in range(len(every)))
    for size in (1, 3, 1000):
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        shelf = Shelf(every, ("a", "b"), dict.fromkeys("ab", chunks).__getitem__)
        expected = [f"{at:02}" for at, one in enumerate(every) if not one.withdrawn]
        assert "".join(expected).encode() == b"".join(shelf.lines("a"))
        blue = [f"{at:02}".encode() for at, one in enumerate(every) if one.name == "acme-blue"]
        assert b"".join(blue) == b"".join(shelf.lines("a", lambda one: one.name == "acme-blue"))
        assert blue == [data for _, data in shelf.each("a", lambda one: one.name == "acme-blue")]
        assert every == [one for one, _ in shelf.each("a")]


def test_a_package_is_found_by_name_and_version() -> None:
    """And none that is not there."""
    shelf = Shelf((package("1"), package("2")), (), lambda _: ())
    found = shelf.find("acme-ca", "2")
    assert found is not None
    assert found.release == "2"
    assert shelf.find("acme-ca", "3") is None
    assert shelf.find("acme-blue", "2") is None


def test_entries_are_kept_as_they_are() -> None:
    """A line each, and read over and over."""
    every = [replace(one, others=("x/y",), signer="ABC") for one in drawn(1)]
    data = b"".join(map(entries.line, every))
    assert len(every) == data.count(b"\n")
    again = Again(lambda: entries.parsed([data[:100], data[100:]], "entries"))
    assert every == list(again) == list(again)


def test_a_shelf_without_one_of_its_texts_is_none() -> None:
    """Nor one whose text would be elsewhere."""
    text = Listed("trustpack/kept/apt.entries-1", Kind.HASHED, 1, "0" * 64)
    with pytest.raises(SiteError, match="has packages without their packages"):
        shelving.kept({ENTRIES: text}, ("packages",), lambda _: ())
    outside = replace(text, path="../outside")
    with pytest.raises(SiteError, match=r"names \.\./outside, which is no file of a site's"):
        shelving.kept({ENTRIES: text, "packages": outside}, ("packages",), lambda _: ())


def test_the_newest_name_is_one_that_is_wanted() -> None:
    """Whatever comes first in a release, what is for browsers is not what systems are told to install."""
    first, other, old = package("2", "acme-ca-browsers"), package("2", "acme-trust"), package("1", "acme-old")
    shelf = Shelf((first, old, other), (), lambda _: ())
    assert newest(shelf, "acme-ca-certs") == "acme-ca-browsers"
    assert newest(shelf, "acme-ca-certs", not_for_browsers) == "acme-trust"
    assert newest(shelf, "acme-trust", not_for_browsers) == "acme-trust"
    assert newest(shelf, "", for_browsers) == "acme-ca-browsers"
    assert newest(Shelf((first,), (), lambda _: ()), "acme-ca-certs", not_for_browsers) == ""

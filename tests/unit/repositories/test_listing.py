"""A site's list is read and edited in a stream, whatever the chunks in which it comes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from builder.errors import SiteError
from builder.repositories import listing
from builder.repositories.sitefile import Kind, Listed

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = (Kind.BLOB, Kind.BLOB, Kind.BLOB, Kind.HASHED, Kind.LEAF, Kind.POINTER)


def one(number: int, kind: Kind = Kind.BLOB, size: int = 1) -> Listed:
    """Return a file by its number, in whose order their paths are."""
    return Listed(f"f/{number:04}", kind, size, f"{number:064x}")


def some(chosen: random.Random, count: int) -> dict[str, Listed]:
    """Return so many files by their paths."""
    numbers = chosen.sample(range(1000), count)
    return {each.path: each for each in (one(number, chosen.choice(KINDS)) for number in numbers)}


def cut(text: str, size: int) -> Iterator[bytes]:
    """Yield a text in chunks of some size."""
    data = text.encode()
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("seed", range(40))
def test_edits_are_where_they_belong(seed: int) -> None:
    """As if the whole list were made anew: lines come, change and go, at both ends too."""
    chosen = random.Random(seed)  # noqa: S311  the same lists in each run
    before, new = some(chosen, 60), some(chosen, 12)
    gone = [*chosen.sample(sorted(before), 10), "f/none", "a", "z"]
    edits = {**dict.fromkeys(gone), **new}
    after = {path: each for path, each in {**before, **edits}.items() if each is not None}
    for size in (1, 100, 1000, 100_000):
        text = b"".join(listing.edited(cut(listing.text(before.values()), size), edits))
        assert listing.text(after.values()).encode() == text
    assert b"" == b"".join(listing.edited(cut(listing.text(before.values()), 100), dict.fromkeys(before)))
    assert listing.text(new.values()).encode() == b"".join(listing.edited([], new))


@pytest.mark.parametrize("seed", range(20))
def test_packages_are_passed_over(seed: int) -> None:
    """All but those that are asked for."""
    chosen = random.Random(seed)  # noqa: S311  the same lists in each run
    files = some(chosen, 60)
    asked = {*chosen.sample(sorted(files), 5), "f/none", "a", "z"}
    expected = sorted(each for each in files.values() if each.kind is not Kind.BLOB or each.path in asked)
    for size in (1, 500, 100_000):
        assert expected == list(listing.touched(cut(listing.text(files.values()), size), "list", asked))


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ((one(1), one(3), one(2)), "list:3: is no line of a site's list: f/0002 is out of its order"),
        ((one(1), one(1)), "list:2: is no line of a site's list: f/0001 is out of its order"),
        ((one(1), Listed("f/../x", Kind.BLOB, 1, "0" * 64)), "list:2: is no line of a site's list"),
    ],
)
@pytest.mark.parametrize("size", [1, 90, 10_000])
def test_the_line_that_is_wrong_is_named(files: tuple[Listed, ...], problem: str, size: int) -> None:
    """By its number in the whole list."""
    text = "".join(listing.text([each]) for each in files)
    with pytest.raises(SiteError) as caught:
        list(listing.rows(cut(text, size), "list"))
    assert problem == str(caught.value).split("\n")[0]


def test_a_list_that_is_cut_off_is_none() -> None:
    """In the middle of its last line."""
    with pytest.raises(SiteError, match="list: is cut off"):
        listing.parse(listing.text([one(1), one(2)])[:-1].encode(), "list")

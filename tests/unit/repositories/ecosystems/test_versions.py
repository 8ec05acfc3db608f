"""The versions of a package are in their order, whatever the order in which they came."""

import pytest

from builder.repositories.ecosystems import rpm, versions
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.shelves import released

SHELF = shelves.shelf(rpm, *(released("rpm", release) for release in ("2026.9", "2026.11", "2026.10")))
_ALL = ("2026.9", "2026.10", "2026.11")


@pytest.mark.parametrize(("gone", "expected"), [((), "2026.11"), (("2026.11",), "2026.10"), (_ALL, None)])
def test_the_newest_is_one_that_is_offered(gone: tuple[str, ...], expected: str | None) -> None:
    """As numbers go: 9 is below 10. Where all are withdrawn there is none."""
    latest = versions.latest(shelves.withdrawn(SHELF, *gone))
    assert expected == (latest.release if latest else None)


@pytest.mark.parametrize("names", [("a-ca",), ("a-ca", "b-ca")])
def test_lines_can_be_read_over_and_over(names: tuple[str, ...]) -> None:
    """Those of one name, or of several: each name has its own, in the order in which they came."""
    releases = ("2026.9", "2026.10")
    shelf = shelves.shelf(rpm, *(released("rpm", one, name=name) for one in releases for name in names))
    for name, pairs in versions.lines_by_name(shelf, "other"):
        for _ in range(2):
            found = [*pairs()]
            assert [(name, one) for one in releases] == [(entry.name, entry.release) for entry, _ in found]
            assert all(f'name="{name}"'.encode() in line for _, line in found)

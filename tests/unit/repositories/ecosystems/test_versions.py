"""The versions of a package are in their order, whatever the order in which they came."""

from builder.repositories.ecosystems import rpm, versions
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.shelves import released

SHELF = shelves.shelf(rpm, *(released("rpm", release) for release in ("2026.9", "2026.11", "2026.10")))


def test_they_rise_with_the_release() -> None:
    """As numbers do: 9 is below 10."""
    (found,) = versions.by_name(SHELF).values()
    assert ["2026.9", "2026.10", "2026.11"] == [one.release for one in found]


def test_the_newest_is_one_that_is_offered() -> None:
    """Where all are withdrawn there is none."""
    for gone, expected in (((), "2026.11"), (("2026.11",), "2026.10")):
        (found,) = versions.by_name(shelves.withdrawn(SHELF, *gone)).values()
        newest = versions.newest(found)
        assert newest is not None
        assert expected == newest.release
    (found,) = versions.by_name(shelves.withdrawn(SHELF, "2026.9", "2026.10", "2026.11")).values()
    assert versions.newest(found) is None

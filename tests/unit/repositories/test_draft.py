"""A package that comes to a site is one that it can have."""

import pytest
from msgspec.structs import replace

from builder.errors import PackageError
from builder.repositories import draft as drafts
from builder.repositories.draft import Draft
from builder.repositories.state import SiteState
from tests.unit.repositories.ecosystems import shelves


def test_a_file_that_the_sites_list_could_not_hold_is_refused() -> None:
    """Before anything is written: a site whose list cannot be read is none."""
    publication = shelves.publication()
    empty = Draft(None, SiteState(organisation=publication.organisation, url=publication.url))
    package = shelves.released("rpm", "2026.10")
    assert drafts.admit(empty, "rpm", package, publication).files
    with pytest.raises(PackageError, match=r"^a\^b\.rpm: would be rpm/Packages/a\^b\.rpm on the site"):
        drafts.admit(empty, "rpm", replace(package, filename="a^b.rpm"), publication)

"""Instructions for systems, where a site has packages for their browsers, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.repositories.ecosystems import apt, rpm
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.shelves import released

if TYPE_CHECKING:
    from builder.repositories.ecosystem import Ecosystem


@pytest.mark.parametrize(("ecosystem", "system"), [(apt, "deb"), (rpm, "rpm")], ids=["apt", "rpm"])
def test_who_removes_the_cas_is_told_what_browsers_need(ecosystem: Ecosystem, system: str) -> None:
    """The line that removes takes the site's own package, too, by which the browsers' one is upgraded."""
    said = []
    for targets in ((system,), (system, f"browsers-{system}")):
        shelf = shelves.shelf(ecosystem, *(released(target, "2026.10") for target in targets))
        shown = [
            one for one in ecosystem.instructions(shelf, shelves.publication()) if "browsers" not in one.id
        ]
        assert all("acme-repository" in one.remove for one in shown)
        said.append(
            {"Keep acme-repository as long as acme-ca-browsers" in " ".join(one.notes) for one in shown}
        )
    assert said == [{False}, {True}]

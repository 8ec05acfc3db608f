"""A package is installed by name from a site, word for word as people are told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import ProofError

if TYPE_CHECKING:
    from builder.prove.offer import Offer
    from builder.prove.testbed import Testbed


def enter(phase: str, offer: Offer, testbed: Testbed) -> None:
    """Bring a testbed into a phase; raise ProofError where what people type fails."""
    words = offer.words(testbed.manager)
    if words is None:
        raise ProofError(f"the site tells nobody how to install {offer.name} here")
    match phase:
        case "installed":
            testbed.know_nothing()
            testbed.type_in(words.setup, there=False)
            testbed.type_in(words.install, there=True)
            testbed.type_in(words.verify, there=True)
        case "pinned":
            testbed.type_in(words.remove, there=False)
            testbed.type_in(words.setup, there=False)
            testbed.type_in(offer.pinned(testbed.manager), there=True)
        case "upgraded":
            testbed.type_in(words.upgrade, there=True)
            testbed.type_in(words.verify, there=True)
        case "removed":
            testbed.type_in(words.remove, there=False)

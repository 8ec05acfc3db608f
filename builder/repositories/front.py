"""What people see of a site: its front page and its feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.page import feed, index
from builder.repositories.page.stated import of_state
from builder.repositories.page.view import Guide, ProofTable
from builder.repositories.sitefile import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.repositories.page.view import FirstInstall
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Listed, Staging
    from builder.repositories.state import SiteState

PROOF = "proof"  # what a state remembers of a release's proof


def put(
    state: SiteState,
    shelves: Mapping[str, Shelf],
    publication: Publication,
    staging: Staging,
    *,
    bundle: Listed | None,
    limits: Mapping[str, str],
    first_install: FirstInstall | None,
) -> None:
    """Put the page and the feed of a site that holds what `state` says.

    `limits` is what CAs' own certificates constrain names to, in words, by their SHA-256.
    """
    view = of_state(
        state,
        publication,
        guides=tuple(_guides(shelves, publication)),
        first_install=first_install,
        bundle_sha256=bundle.sha256 if bundle else "",
        limits=limits,
        proof=_proof(state),
    )
    staging.put("index.html", Kind.LEAF, index.render(view))
    staging.put("feed.atom", Kind.LEAF, feed.render(view))


def _guides(shelves: Mapping[str, Shelf], publication: Publication) -> Iterator[Guide]:
    for name, ecosystem in ECOSYSTEMS.items():
        if name not in shelves:
            continue
        for instructions in ecosystem.instructions(shelves[name], publication):
            notes = (*instructions.notes, *_several(shelves[name]))
            yield Guide(name, msgspec.structs.replace(instructions, notes=notes))


def _several(shelf: Shelf) -> Iterator[str]:
    """Say what else there is, as targets of the owner's own bring it: the lines are about one name."""
    names = sorted(name for name, one in shelf.stock.names.items() if one.released and one.newest)
    if len(names) > 1:
        yield f"There are {len(names)} packages here, and the lines are about one: {', '.join(names)}."


def _proof(state: SiteState) -> ProofTable | None:
    """Return the proof of the newest release, where one came with it."""
    kept = state.remembered.get(PROOF)
    found = msgspec.convert(kept, ProofTable) if kept else None
    return found if found and state.offered and found.release == state.offered[-1].release else None

"""What people see of a site, its front page and its feed, out of what its state knows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.page import feed, index
from builder.repositories.page.view import Guide, ProofTable, PublicKey, SiteView, news, withdrawn
from builder.repositories.sitefile import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.repositories.entry import Shelf
    from builder.repositories.page.view import FirstInstall, ReleaseNews
    from builder.repositories.publication import Publication
    from builder.repositories.sitefile import Listed, Staging
    from builder.repositories.state import SiteState

PROOF = "proof"  # what a state remembers of a release's proof
_SHOWN = 50  # releases: a page that tells of thousands, nobody reads


def put(
    state: SiteState,
    shelves: Mapping[str, Shelf],
    publication: Publication,
    staging: Staging,
    *,
    bundle: Listed | None,
    first_install: FirstInstall | None,
) -> None:
    """Put the page and the feed of a site that holds what `state` says."""
    offered = state.offered
    newest = state.certificates(offered[-1]) if offered else ()
    view = SiteView(
        organisation=publication.organisation,
        url=publication.url,
        time=publication.time,
        expires=publication.expires,
        counter=publication.counter,
        authorities=newest,
        withdrawn=withdrawn((state.certificates(one) for one in state.releases), newest),
        releases=tuple(_news(state)),
        guides=tuple(_guides(shelves, publication)),
        keys=tuple(_keys(publication)),
        first_install=first_install,
        bundle_sha256=bundle.sha256 if bundle else "",
        proof=_proof(state),
    )
    staging.put("index.html", Kind.LEAF, index.render(view))
    staging.put("feed.atom", Kind.LEAF, feed.render(view))


def _news(state: SiteState) -> Iterator[ReleaseNews]:
    """Yield what the last releases changed, the newest first."""
    releases = state.releases[-_SHOWN:]
    earlier = state.releases[: len(state.releases) - len(releases)][-1:]
    before = [None, *releases] if not earlier else [*earlier, *releases]
    for previous, one in reversed(list(zip(before, releases, strict=False))):
        yield news(
            one.release,
            one.added,
            before=state.certificates(previous) if previous else None,
            after=state.certificates(one),
            withdrawn=one.withdrawn,
            withdrawn_at=one.withdrawn_at,
        )


def _guides(shelves: Mapping[str, Shelf], publication: Publication) -> Iterator[Guide]:
    for name, ecosystem in ECOSYSTEMS.items():
        if name in shelves:
            for instructions in ecosystem.instructions(shelves[name], publication):
                yield Guide(name, instructions)


def _keys(publication: Publication) -> Iterator[PublicKey]:
    """Yield the keys of OpenPGP, then those of apk, as their roles have them."""
    keys = publication.keys
    if keys is None:
        return
    file = f"{publication.organisation.slug}.asc"
    for fingerprint in keys.certificates:
        yield PublicKey("OpenPGP", keys.roles[fingerprint], file, fingerprint)
    for name, data in keys.apk_keys.items():
        yield PublicKey("apk", keys.roles[name], name, hashlib.sha256(data).hexdigest())


def _proof(state: SiteState) -> ProofTable | None:
    """Return the proof of the newest release, where one came with it."""
    kept = state.remembered.get(PROOF)
    found = msgspec.convert(kept, ProofTable) if kept else None
    return found if found and state.offered and found.release == state.offered[-1].release else None

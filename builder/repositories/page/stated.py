"""What the page shows, out of the state that a site keeps."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.repositories import clients
from builder.repositories.page.view import ReleaseNews, SiteKey, SiteView
from builder.signing import dsse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.model import CertificateSummary
    from builder.release.manifest import DocumentKind
    from builder.repositories.page.view import FirstInstall, Guide, ProofTable
    from builder.repositories.publication import Publication
    from builder.repositories.state import PublishedRelease, SiteState

_USUAL = "active"
_STATES = ("incoming", _USUAL, "retiring")
_DOCUMENTS: Mapping[DocumentKind, str] = {
    "notes": "notes",
    "sbom": "bill of materials",
    "envelope": "signed statement",
    "statement": "statement",
    "source": "source",
}
_MOST = 40  # releases that page and feed tell of: a site may keep thousands


def of_state(
    state: SiteState,
    publication: Publication,
    *,
    guides: Sequence[Guide] = (),
    first_install: FirstInstall | None = None,
    bundle_sha256: str = "",
    limits: Mapping[str, str] | None = None,
    proof: ProofTable | None = None,
) -> SiteView:
    """Return what page and feed show of a site with this state; `guides` are in the order to be shown in."""
    newest = state.offered[-1] if state.offered else None
    named = {*newest.certificates, *newest.distrusted} if newest else set()
    return SiteView(
        organisation=state.organisation,
        url=publication.url,
        time=publication.time,
        expires=publication.expires,
        counter=publication.counter,
        authorities=_of(state, newest) if newest else (),
        withdrawn=tuple(one for key, one in state.authorities.items() if key not in named),
        releases=tuple(_news(state, at) for at in _newest_first(state)),
        older=max(len(state.releases) - _MOST, 0),
        guides=tuple(guides),
        keys=_keys(publication),
        first_install=first_install,
        bundle_sha256=bundle_sha256,
        limits=dict(limits or {}),
        domains=newest.domains if newest else {},
        proof=proof,
    )


def _newest_first(state: SiteState) -> range:
    last = len(state.releases) - 1
    return range(last, max(last - _MOST, -1), -1)


def _of(state: SiteState, release: PublishedRelease) -> tuple[CertificateSummary, ...]:
    """Return a release's CAs; what it says of its trust counts, whatever another says of the same one."""
    trusted = (state.authorities[key] for key in release.certificates)
    blocked = (state.authorities[key] for key in release.distrusted)
    return (
        *(one if one.shipped else replace(one, state="") for one in trusted),
        *(replace(one, state="distrusted") for one in blocked),
    )


def _news(state: SiteState, at: int) -> ReleaseNews:
    """Return what a release changed against the one before it, in the order of their numbers."""
    one = state.releases[at]
    before = state.releases[at - 1] if at else None
    old, new = (set(each.certificates) if each else set() for each in (before, one))
    old_blocked = set(before.distrusted) if before else set()

    def told(keys: Iterable[str]) -> tuple[CertificateSummary, ...]:
        return tuple(state.authorities[key] for key in sorted(keys))

    return ReleaseNews(
        one.release,
        one.added,
        added=told(new - old),
        removed=told(old - new - set(one.distrusted)),
        distrusted=told(set(one.distrusted) - old_blocked),
        **{state: told(keys) for state, keys in _moved(before, one).items()},
        withdrawn=one.withdrawn,
        withdrawn_at=one.withdrawn_at,
        first=before is None,
        documents={} if one.withdrawn else _documents(one),
    )


def _documents(release: PublishedRelease) -> dict[str, str]:
    """Return the documents to be read, by what people call them; a statement where no envelope has it."""
    paths = {one.kind: one.path for one in release.documents}
    if "envelope" in paths:
        paths.pop("statement", None)
    return {word: paths[kind] for kind, word in _DOCUMENTS.items() if kind in paths}


def _moved(before: PublishedRelease | None, one: PublishedRelease) -> dict[str, set[str]]:
    """Return the CAs that both releases trust and that have another state now, by that state."""
    found: dict[str, set[str]] = {state: set() for state in _STATES}
    for key in set(one.certificates) & set(before.certificates if before else ()):
        old, new = ((each.states if each else {}).get(key, _USUAL) for each in (before, one))
        if old != new:
            found[new].add(key)
    return found


def _keys(publication: Publication) -> tuple[SiteKey, ...]:
    """Return the public keys, each by its fingerprint or its name."""
    keys = publication.keys
    if keys is None:
        return ()
    file = clients.certificate(publication.organisation)
    pgp = [SiteKey("OpenPGP", keys.roles[one], file, one) for one in keys.certificates]
    apk = [
        SiteKey("apk", keys.roles[name], name, hashlib.sha256(pem).hexdigest())
        for name, pem in keys.apk_keys.items()
    ]
    statements = [
        SiteKey("statements", keys.roles[name], name, fingerprint)
        for name, pem in keys.statement_keys.items()
        for fingerprint in dsse.known([pem])
    ]
    return (*pgp, *apk, *statements)

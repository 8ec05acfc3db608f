"""The site of a proof by name: the published one, or a replica on loopback, signed by throw-away keys."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from builder.errors import ProofError
from builder.prove import offer
from builder.render import recipe
from builder.repositories import publish, remote
from builder.repositories import site as sites
from builder.repositories.publication import Publication
from builder.repositories.serve import serve
from builder.signing import generation, keys
from builder.signing.keyring import Keyring, PublicKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.model import Organisation
    from builder.prove.case import Case
    from builder.prove.offer import Offer
    from builder.prove.trial import Question
    from builder.release.manifest import ArtifactSummary, Manifest
    from builder.repositories.publication import SiteKeys
    from builder.repositories.shelf import Shelf
    from builder.repositories.state import SiteState
    from builder.repositories.stores import SiteReader

_BITS = 3072  # made in a moment, and taken by every client
_DAYS = 1
_HOUR = 3600
# In which phases here what a trial of files asks after an installation, and after an upgrade.
_PHASES = {"installed": frozenset({"pinned"}), "upgraded": frozenset({"installed", "upgraded"})}


class PublishedSite(msgspec.Struct, frozen=True):
    """A published site: where its clients find it, what reads it, and its public keys (None: unsigned)."""

    url: str
    reader: SiteReader
    keys: SiteKeys | None


def published(site: PublishedSite, case: Case) -> Mapping[str, Offer]:
    """Return what a published site offers of the case's release, by target.

    Raises SiteError or SignatureError where there is no such site, ProofError where it does not offer it.
    """
    found = remote.read(site.reader, site.keys)
    if found is None:
        raise ProofError(f"{site.url}: there is no site", hint="is this its address? See 'trustpack repo'")
    if found.status.organisation != case.organisation.slug:
        raise ProofError(f"{site.url}: is the site of {found.status.organisation}")
    said = found.state.url
    if said != site.url:
        raise ProofError(
            f"{site.url}: says that it is at {said}, where its clients would go",
            hint=f"prove it there, or: trustpack repo rehost --url {site.url}",
        )
    publication = _publication(found.state, site.url, case.organisation, site.keys)
    return _offers(remote.shelves(site.reader, found.state), publication, _installed(case.manifest, case))


def _publication(
    state: SiteState, url: str, organisation: Organisation, signing: SiteKeys | None
) -> Publication:
    return Publication(organisation, url, state.time, state.expires, state.counter, signing)


def _offers(
    shelves: Mapping[str, Shelf], publication: Publication, artifacts: Sequence[ArtifactSummary]
) -> Mapping[str, Offer]:
    offers = offer.find(shelves, artifacts, publication)
    missing = [entry.file for entry in artifacts if entry.target not in offers]
    if missing:
        raise ProofError(
            f"{publication.url}: does not offer {missing[0]} as it lies here",
            hint="put the release on the site first: trustpack repo add",
        )
    return offers


def _installed(manifest: Manifest, case: Case) -> list[ArtifactSummary]:
    """Return the last artifact of each target that is provable: what its package manager is given."""
    wanted = {source.target for source in case.sources if recipe.read(source).testbed}
    last = {entry.target: entry for entry in manifest.artifacts if entry.target in wanted}
    return list(last.values())


@contextlib.contextmanager
def replica(
    case: Case, releases: Sequence[Path], last: Manifest, folder: Path, progress: Callable[[str], None]
) -> Iterator[Mapping[str, Offer]]:
    """Serve a site of these releases while the block runs; yield what it offers of the `last` one.

    Its keys are made for it, and exist in memory alone.
    """
    time = int(case.now.timestamp())
    signing = _throw_away(case.organisation, time - _HOUR)
    with serve(folder) as url:
        progress(f"serving a replica of the site at {url}")
        order = publish.Order(
            folder=folder,
            organisation=case.organisation,
            url=url,
            now=time,
            valid=_DAYS,
            keep=None,
            architectures=("x86_64", "aarch64"),
            keys=signing,
        )
        publish.build(order, releases)
        made = sites.read(folder, signing)
        if made is None:
            raise ProofError(f"{folder}: the replica of the site is not there")
        publication = _publication(made.state, url, case.organisation, signing)
        yield _offers(made.shelves, publication, _installed(last, case))


def _throw_away(organisation: Organisation, time: int) -> Keyring:
    pair = generation.make(_BITS)
    user = f"{organisation.slug}: trustpack proof, throw-away key"
    signer = keys.openpgp_key(
        pair.openpgp.public_key(), keys.in_memory(pair.openpgp), user_id=user, created=time
    )
    apk = keys.apk_key(pair.apk.public_key(), keys.in_memory(pair.apk), slug=organisation.slug)
    public = PublicKeys("current", signer.certificate, apk.name, apk.public)
    return Keyring((signer,), (apk,), (public,), organisation=organisation.slug)


def by_name(question: Question, *, asked_when_pinned: bool = True) -> Question:
    """Return the question for a trial by name: the newest first, then the one before it, then an upgrade.

    Without `asked_when_pinned`, nobody knows whether the older release has the question's CA.
    """
    accepted, asked = _translated(question.accepted), _translated(question.asked)
    if not asked_when_pinned:
        accepted, asked = frozenset({"installed", "upgraded"}), asked - {"pinned"} | {"upgraded"}
    return replace(question, accepted=accepted, asked=asked)


def _translated(phases: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(_PHASES.get(phase, frozenset({phase})) for phase in phases))

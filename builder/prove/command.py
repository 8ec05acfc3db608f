"""Prove a release: build the replica's packages, or take the real ones, and hold a trial for each target."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from builder.errors import ProofError, ToolError, UsageError
from builder.model import release as releases
from builder.pipeline import build as pipeline
from builder.pipeline.request import BuildRequest
from builder.prove import outlook, replica, sites, testbeds, trial
from builder.prove.authority import Leaf
from builder.prove.handshake import HOST
from builder.prove.report import Proof
from builder.prove.trial import EVERY, Cell, Question, Status, TrialSetup
from builder.release import scratch
from builder.render import recipe
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from builder.model import Bundle
    from builder.prove.case import Case
    from builder.prove.offer import Offer
    from builder.prove.replica import Replicas
    from builder.prove.sites import PublishedSite
    from builder.release.manifest import Manifest
    from builder.render.recipe import RecipeSource

RECIPE_PROOF = "recipe proof"
REAL_PROOF = "proof of the real bundle"
_NOT_PROVABLE = "it is not provable: its recipe names no testbed"
_NOT_ASKED = "it has no client of the names that --client gives"
_NO_UPGRADE = "no upgrade was tried: there is one real bundle"
_FROM_REPLICA = (
    "{} offers this very release; packages were installed by name from a replica of that site, on loopback "
    "and signed by a throw-away key"
)
_FROM_SITE = (
    "packages were installed by name from {}, as its own keys have signed them",
    "with the older release no client was asked: it may be without the server's CA",
)
_NO_WORDS = "nothing is installed by name in its testbed"
_INSTALLED = frozenset({"installed"})


def prove_recipes(case: Case, site: PublishedSite | None = None, *, progress: Callable[[str], None]) -> Proof:
    """Prove the recipes with a throw-away replica of the release's bundle: no CA key is needed, or known.

    With a `site`, which must offer the release, packages are installed by name, from a replica of the site.
    Raises ProofError where the release cannot be read or is not what the recipes make.
    """
    originals = replica.originals(case.folder, case.manifest)
    if site:
        sites.published(site, case)
    count = len(originals.certificates)
    progress(f"making a throw-away replica of {count} certificate{'s' * (count != 1)}")
    replicas = replica.make(originals.certificates, now=case.now)
    questions = replicas.questions
    with scratch.folder("proof") as folder, contextlib.ExitStack() as stack:
        folders, built = _releases(case, replicas, folder, progress)
        offers: Mapping[str, Offer] = {}
        if site:
            served = sites.replica(case, folders, built[1], folder / "site", progress)
            offers = stack.enter_context(served)
            questions = tuple(sites.by_name(question) for question in questions)
        plans = [
            TrialSetup(
                source.target,
                folders[0] / _last(built[0], source.target),
                folders[1] / _last(built[1], source.target),
                _asked_of(source, questions),
                offers.get(source.target),
            )
            for source in case.sources
        ]
        cells = _trials(case, plans, progress)
    notes = (*originals.notes, *replicas.notes, *([_FROM_REPLICA.format(site.url)] if site else []))
    where = site.url if site else ""
    return Proof(RECIPE_PROOF, case.manifest, case.now, questions, cells, notes, where)


def _asked_of(source: RecipeSource, questions: Sequence[Question]) -> tuple[Question, ...]:
    keeps = recipe.read(source).keeps_domains
    return tuple(question for question in questions if keeps or not question.limited)


def _releases(
    case: Case, replicas: Replicas, folder: Path, progress: Callable[[str], None]
) -> tuple[tuple[Path, Path], tuple[Manifest, Manifest]]:
    """Build the packages of both bundles, and return where they lie and what they are."""
    folders = folder / "first", folder / "second"
    release = releases.stored(case.manifest.release)
    progress("building the replica's packages")
    first = _build(case, replicas.first, release, folders[0])
    second = _build(case, replicas.second, release.following(), folders[1])
    _expect_same_packages(case, first)
    return folders, (first, second)


def _trials(case: Case, plans: Sequence[TrialSetup], progress: Callable[[str], None]) -> tuple[Cell, ...]:
    """Hold each target's trial, one after the other."""
    pairs = zip(case.sources, plans, strict=True)
    return tuple(cell for source, plan in pairs for cell in _trial(case, source, plan, progress))


def prove_bundle(
    case: Case, question: Question, site: PublishedSite | None = None, *, progress: Callable[[str], None]
) -> Proof:
    """Prove the real artifacts with one server whose certificate a CA of the real bundle has issued.

    With a `site`, which must offer them, they are installed by name from there.
    """
    originals = replica.originals(case.folder, case.manifest)  # they are what the manifest describes
    folder = case.folder.resolve()  # package managers run in folders of their own
    offers = sites.published(site, case) if site else {}
    if site:
        question = sites.by_name(question, asked_when_pinned=False)
    plans = [
        TrialSetup(target, folder / _last(case.manifest, target), None, (question,), offers.get(target))
        for target in (source.target for source in case.sources)
    ]
    cells = _trials(case, plans, progress)
    notes = [*originals.notes]
    notes += [line.format(site.url) for line in _FROM_SITE] if site else [_NO_UPGRADE]
    if question.url:
        notes.append(f"nobody watched {question.url}: its results are client-reported only")
    where = site.url if site else ""
    return Proof(REAL_PROOF, case.manifest, case.now, (question,), cells, tuple(notes), where)


def server_at(url: str) -> Question:
    """Return the question about somebody else's server at `url`."""
    if "/" not in url.removeprefix("https://"):
        url += "/"
    return Question(url, None, accepted=_INSTALLED, url=url)


def own_server(chain: Path, key: Path) -> Question:
    """Return the question about a server of ours on loopback with this certificate chain and private key.

    The key is read into memory and goes nowhere else. Raises UsageError if others may read its file too, or
    the certificate is not for this machine's name.
    """
    return Question("server", Leaf(_certificate(chain), _key(key)), accepted=_INSTALLED)


def _certificate(path: Path) -> bytes:
    from cryptography import x509

    try:
        data = files.read(path)
        leaf = x509.load_pem_x509_certificate(data)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except OSError as error:
        raise UsageError(f"--server-cert {path}: cannot be read: {error.strerror}") from error
    except (ValueError, x509.ExtensionNotFound) as error:
        raise UsageError(f"--server-cert {path}: is not a server's certificate in PEM") from error
    found = names.get_values_for_type(x509.DNSName)
    if HOST not in found:
        raise UsageError(
            f"--server-cert {path}: is for {', '.join(found) or 'no name'}, and clients are sent to {HOST}",
            hint=f"issue one whose subject alternative name is {HOST}, or prove by --url",
        )
    return data


def _key(path: Path) -> bytes:
    try:
        with files.opened(path) as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            if mode & 0o077:
                raise UsageError(
                    f"--server-key {path}: others may read it: its mode is {mode:04o}",
                    hint=f"chmod 600 {path}",
                )
            data = stream.read()
    except OSError as error:
        raise UsageError(f"--server-key {path}: cannot be read: {error.strerror}") from error
    if b"ENCRYPTED" in data:
        raise UsageError(f"--server-key {path}: is encrypted, and prove asks for no password")
    return data


def _build(case: Case, bundle: Bundle, release: releases.Release, folder: Path) -> Manifest:
    order = BuildRequest(
        organisation=case.organisation,
        bundle=bundle,
        sources=[source for source in case.sources if recipe.read(source).testbed],
        today=case.now.date(),
        release=release,
        source_date_epoch=case.manifest.epoch,
        names=case.names,
        settings=case.settings,
    )
    return pipeline.build(order, folder)


def _expect_same_packages(case: Case, built: Manifest) -> None:
    """Raise ProofError if the recipes make other packages than the release has: another configuration."""
    ours = {(entry.target, entry.name, entry.version) for entry in built.artifacts}
    theirs = {(entry.target, entry.name, entry.version) for entry in case.manifest.artifacts}
    strange = sorted(ours - theirs)
    if strange:
        target, name, version = strange[0]
        raise ProofError(
            f"{case.folder}: holds no {target} package {name} {version}, which this configuration makes",
            hint="name the configuration that built it with --config, or build again",
        )
    recipes = {entry.target: entry.recipe for entry in case.manifest.artifacts}
    for entry in built.artifacts:
        if entry.recipe != recipes[entry.target]:
            raise ProofError(
                f"{case.folder}: the {entry.target} package was made by another recipe, template or setting",
                hint="build again: what is proven is what made the packages",
            )


def _last(manifest: Manifest, target: str) -> str:
    """Return the target's last artifact, which is what its package manager is given."""
    return next((entry.file for entry in reversed(manifest.artifacts) if entry.target == target), "")


def _trial(case: Case, source: RecipeSource, plan: TrialSetup, progress: Callable[[str], None]) -> list[Cell]:
    """Hold one target's trial; a testbed that cannot be made is one cell, which says why."""
    target = source.target
    module = testbeds.opener(recipe.read(source))
    if module is None:
        return [_absent(target, _NOT_PROVABLE)]
    if not outlook.asks(case, source):
        return [_absent(target, _NOT_ASKED)]
    progress(f"{target}: making a clean testbed")
    with scratch.folder("testbed") as folder, contextlib.ExitStack() as stack:
        try:
            testbed = stack.enter_context(testbeds.open_for(case, source, module, folder))
        except ToolError as error:
            return [_absent(target, str(error))]
        if plan.offer and plan.offer.words(testbed.manager) is None:
            return [_absent(target, _NO_WORDS)]
        cells = trial.run(plan, testbed, case.clients, progress=progress)
        return cells or [_absent(target, _NOT_ASKED)]


def _absent(target: str, reason: str) -> Cell:
    return Cell(target, EVERY, "", Status.ABSENT, {}, reason=reason)

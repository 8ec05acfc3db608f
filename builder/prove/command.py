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
from builder.prove import outlook, replica, scratch, testbeds, trial
from builder.prove.authority import Leaf
from builder.prove.handshake import HOST
from builder.prove.report import Proof
from builder.prove.trial import EVERY, Cell, Question, Status, TrialSetup
from builder.render import recipe
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.model import Bundle
    from builder.prove.case import Case
    from builder.release.manifest import Manifest
    from builder.render.recipe import RecipeSource

RECIPE_PROOF = "recipe proof"
REAL_PROOF = "proof of the real bundle"
_NOT_PROVABLE = "it is not provable: its recipe names no testbed"
_NOT_ASKED = "it has no client of the names that --client gives"
_INSTALLED = frozenset({"installed"})


def prove_recipes(case: Case, *, progress: Callable[[str], None]) -> Proof:
    """Prove the recipes with a throw-away replica of the release's bundle: no CA key is needed, or known.

    Raises ProofError where the release cannot be read or is not what the recipes make.
    """
    originals = replica.originals(case.folder, case.manifest)
    count = len(originals.certificates)
    progress(f"making a throw-away replica of {count} certificate{'s' * (count != 1)}")
    replicas = replica.make(originals.certificates, now=case.now)
    with scratch.folder("proof") as folder:
        folders = folder / "first", folder / "second"
        release = releases.stored(case.manifest.release)
        progress("building the replica's packages")
        built = [
            _build(case, bundle, number, folder)
            for bundle, number, folder in zip(
                (replicas.first, replicas.second), (release, release.following()), folders, strict=True
            )
        ]
        _expect_same_packages(case, built[0])
        cells = [
            cell
            for source in case.sources
            for cell in _trial(
                case,
                source,
                TrialSetup(
                    source.target,
                    folders[0] / _last(built[0], source.target),
                    folders[1] / _last(built[1], source.target),
                    replicas.questions,
                ),
                progress,
            )
        ]
    return Proof(
        RECIPE_PROOF,
        case.manifest,
        case.now,
        replicas.questions,
        tuple(cells),
        (*originals.notes, *replicas.notes),
    )


def prove_bundle(case: Case, question: Question, *, progress: Callable[[str], None]) -> Proof:
    """Prove the real artifacts with one server whose certificate a CA of the real bundle has issued."""
    originals = replica.originals(case.folder, case.manifest)  # they are what the manifest describes
    folder = case.folder.resolve()  # package managers run in folders of their own
    cells = [
        cell
        for source in case.sources
        for cell in _trial(
            case,
            source,
            TrialSetup(source.target, folder / _last(case.manifest, source.target), None, (question,)),
            progress,
        )
    ]
    notes = [*originals.notes, "no upgrade was tried: there is one real bundle"]
    if question.url:
        notes.append(f"nobody watched {question.url}: its results are client-reported only")
    return Proof(REAL_PROOF, case.manifest, case.now, (question,), tuple(cells), tuple(notes))


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
    target, what = source.target, recipe.read(source)
    module = testbeds.opener(what)
    if module is None:
        return [_absent(target, _NOT_PROVABLE)]
    if not outlook.asks(case, source):
        return [_absent(target, _NOT_ASKED)]
    name = next(entry.name for entry in case.manifest.artifacts if entry.target == target)
    progress(f"{target}: making a clean testbed")
    with scratch.folder("testbed") as folder, contextlib.ExitStack() as stack:
        try:
            testbed = stack.enter_context(
                module.open_testbed(
                    recipe=what,
                    name=name,
                    settings=recipe.choose(what, dict(case.settings.get(target, {}))),
                    root=case.root,
                    folder=folder,
                    offline=case.offline,
                    only=case.clients,
                )
            )
        except ToolError as error:
            return [_absent(target, str(error))]
        cells = trial.run(plan, testbed, case.clients, progress=progress)
        return cells or [_absent(target, _NOT_ASKED)]


def _absent(target: str, reason: str) -> Cell:
    return Cell(target, EVERY, "", Status.ABSENT, {}, reason=reason)

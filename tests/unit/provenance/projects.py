"""A small project of acme's, with a recipe of its own, that tests build and attest."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256

from builder import config
from builder.lifecycle import lock as locks
from builder.lifecycle import lockfile
from builder.model import Release
from builder.pipeline import build as pipeline
from builder.pipeline.accept import accept
from builder.pipeline.packaging import packaging
from builder.pipeline.project import find
from builder.pipeline.request import request
from builder.prove.authority import create
from builder.provenance import attest
from builder.provenance.seal import Seal
from builder.repositories import publish
from builder.repositories.publish import Order
from builder.signing import finished, site_keys
from builder.signing.keyring import Keyring
from tests import site_keys as made

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.model import Bundle
    from builder.pipeline.project import Project
    from builder.release.manifest import Manifest

NOW = dt.datetime.now(dt.UTC)
SOURCE = "acme-2026.1.source.tar"
CONFIG = """\
# the password of the store is hunter2
organisation: {slug: acme, name: "Acme: 'PKI' é"}
bundle:
  paths: [roots.pem, blocked.pem]
  expired: drop
repository: {signer: [kms, --token, hunter2]}
targets: [deb, own, rpm]
settings: {wheel: {activation: explicit}}
lifecycle:
  authorities:
    BLOCKED: {state: distrusted, since: 2026-11-01, evidence: INC-1}
"""
RECIPE = """\
title: Fingerprints
name: "{slug}-roots"
name_pattern: "[a-z-]+"
version: "{release}"
outputs:
  - id: roots
    container: file
    filename: "{name}-{version}.txt"
    files: [{path: roots.txt, template: roots.txt.j2}]
install: cat {filename}
verify: cat {filename}
remove: rm {filename}
"""
TEMPLATE = "{% for each in certificates %}{{ each.sha256 | sh }}\n{% endfor %}"


def project(folder: Path, *, locked: bool = True, targets: str = "deb, own, rpm") -> tuple[Project, Bundle]:
    """Write a project with its lock into a new folder; return it as it is read, and its bundle."""
    (folder / "recipes").mkdir(parents=True)
    (folder / "templates" / "own").mkdir(parents=True)
    (folder / "recipes" / "own.yaml").write_text(RECIPE)
    (folder / "templates" / "own" / "roots.txt.j2").write_text(TEMPLATE)
    (folder / "roots.pem").write_bytes(create("Acme Root", now=NOW).pem)
    blocked = create("Acme Blocked Root", now=NOW)
    (folder / "blocked.pem").write_bytes(blocked.pem)
    text = CONFIG.replace("BLOCKED", blocked.certificate.fingerprint(SHA256()).hex())
    text = text.replace("deb, own, rpm", targets)
    (folder / "trustpack.yaml").write_text(text, "utf-8")
    found, bundle = read(folder)
    if not locked:
        return found, bundle
    lock = locks.advance(
        None,
        locks.describe(bundle, found.lifecycle),
        organisation="acme",
        today=NOW.date(),
        wanted=Release("2026.1"),
        packaging=packaging(found),
    )
    (folder / locks.FILE_NAME).write_text(lockfile.to_text(lock), "utf-8")
    return read(folder)


def read(folder: Path) -> tuple[Project, Bundle]:
    """Return a folder's project and its accepted bundle."""
    found = find([], None, folder / "trustpack.yaml", now=NOW)
    return found, accept(found).bundle


def attested(folder: Path, *, locked: bool = True, targets: str = "deb, own, rpm") -> Manifest:
    """Build and attest the project in a new folder, into its dist; return the release's manifest."""
    found, bundle = project(folder, locked=locked, targets=targets)
    order = request(found, bundle, release=None if locked else "2026.1")
    pipeline.build(order, folder / "dist")
    return attest.attest(found, order, folder / "dist", attest.Attestation())


def site(folder: Path, releases: Sequence[Path], keys: Path | Keyring) -> Path:
    """Publish releases as a site into a new folder, signed by keys or those in a folder; return it."""
    order = Order(
        folder=folder,
        organisation=config.organisation(config.minimal("acme", ["roots.pem"])),
        url="https://packages.acme.example",
        now=int(NOW.timestamp()),
        valid=60,
        keep=None,
        architectures=("x86_64",),
        keys=keys if isinstance(keys, Keyring) else site_keys.read(keys),
    )
    publish.build(order, releases)
    return folder


def signed(folder: Path, keys: Path, *, targets: str = "deb, own, rpm") -> Path:
    """Build, attest and sign the project in a new folder, by new keys in `keys`; return its dist."""
    attested(folder, targets=targets)
    ring = site_keys.read(made.folder(keys))
    finished.sign(folder / "dist", ring, told=Seal(folder / "dist", ring))
    return folder / "dist"

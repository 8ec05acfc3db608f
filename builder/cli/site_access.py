"""Reach the site that a command names: over the network, in a bucket, or in a folder with its public keys."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cli import environment, key_place, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from builder.repositories.check import SiteCheck
    from builder.repositories.stores.store import SiteReader


def reader(site: str, ca_file: Path | None) -> SiteReader:
    """Open an address, a bucket or a folder for reading, with the environment's proxy and credentials."""
    from builder.repositories.stores import places

    if not site.lower().startswith(("https://", "http://")):
        options.refuse_idle(
            {"--ca-file": ca_file}, "is about a web server's certificate, and the site is at none"
        )
    return places.readable(
        site,
        os.environ,
        holder=secrets.token_hex(8),
        clock=time,
        ca_file=ca_file,
        proxy=environment.proxy,
    )


def key_folder(bundled: options.Bundled, keys: Path | None) -> Path:
    """Return the folder of a site's keys: the one given, or the configuration's."""
    if keys is not None and bundled.realm is None:
        return keys
    return key_place.find(bundled, keys).folder


def left(found: SiteCheck) -> frozenset[str]:
    """Return those of a folder's other files that pushes have left there, and that later ones remove.

    A site's folder that was never pushed to has none.
    """
    from builder.errors import OutputError
    from builder.repositories.push import LEFT, left_there
    from builder.repositories.stores import FolderStore

    try:
        return frozenset(found.others) & {LEFT, *left_there(FolderStore(found.site.folder))}
    except OutputError:  # a link in its place is none of ours
        return frozenset()


def checked(site: Path, keys: Path | None) -> SiteCheck:
    """Check with the public keys in a folder, None for none; by gpgv as well, where that is installed."""
    from builder.release import scratch
    from builder.repositories import check as checking
    from builder.signing import gpgv, site_keys, site_verifier

    ring = site_keys.read_public(keys) if keys else None
    verifier = site_verifier.of_keyring(ring) if ring else None
    with scratch.folder("check") as work:
        found = checking.check(
            site, ring, verifier, scratch=work, progress=lambda text: tell("progress", [text])
        )
    program = gpgv.find()
    if ring is None or not program:
        return found
    refused = gpgv.refused(program, ring.certificates, checking.signatures(found.site, found.site.files))
    return checking.with_second_opinion(found, Path(program).name, refused)

"""What no package manager installs, to be downloaded with its digest: the roots in one PEM file, archives."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.entry import rank
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

NAME = "files"
FOLDER = "files"
FORMAT = "pem"
TEXTS: tuple[str, ...] = ("sums",)
SIGNS: Literal["", "openpgp", "apk"] = ""

_SUMS = f"{FOLDER}/SHA256SUMS"
_NAMED = re.compile(r"(.+?)-(\d[^-]*?)(\.[a-z][a-z0-9.]*)?")


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the file as it is, and its line for `sha256sum --check`."""
    named = _NAMED.fullmatch(released.filename)
    name, version = (named[1], named[2]) if named else (released.filename, released.release)
    line = f"{hashlib.sha256(released.data).hexdigest()}  {released.filename}\n"
    file = SiteFile(f"{FOLDER}/{released.filename}", Kind.BLOB, released.data)
    return Admitted(name, version, (file,), (line.encode(),))


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put the digests of what is offered, and a signature over them."""
    sums = b"".join(shelf.lines("sums"))
    staging.put(_SUMS, Kind.POINTER, sums)
    if publication.keys is not None:
        signature = publication.keys.detached(sums, time=publication.time)
        staging.put(f"{_SUMS}.asc", Kind.POINTER, signature)


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type to get the file and look into it."""
    newest = (one.newest for one in shelf.stock.names.values() if one.newest)
    bundles = sorted((one for one in newest if one.path.endswith(".pem")), key=rank)
    return [*_told(bundles[-1], publication)] if bundles else []


def _told(entry: SiteEntry, publication: Publication) -> Iterator[Instructions]:
    file = entry.path.rpartition("/")[2]
    fetch = (
        f"curl -fsSLO {publication.url}/{entry.path}\n"
        f"curl -fsSL {publication.url}/{_SUMS} | sha256sum --check --ignore-missing\n"
    )
    signed = f"{publication.url}/{_SUMS}.asc is a signature over the digests, by the site's OpenPGP key."
    yield Instructions(
        id="pem",
        title="Anything else: one PEM file",
        setup="",
        install=fetch,
        verify=f"openssl storeutl -noout -certs {file}\n",
        upgrade=fetch,
        remove=f"rm {file}\n",
        notes=(
            "Digests that come from the same site prove only that the download is whole.",
            *([signed] if publication.keys else []),
        ),
    )

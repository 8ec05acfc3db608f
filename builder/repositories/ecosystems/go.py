"""A proxy of Go modules (go.dev/ref/mod#goproxy-protocol): a list of versions, and three files for each.

A withdrawn version is no longer in the list, but its files stay for who requires it: a `retract` would have
to be in the go.mod of a later one.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from builder.errors import PackageError
from builder.formats import gomodule
from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.ecosystems import versions
from builder.repositories.entry import rank
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

NAME = "go"
FOLDER = "go"
FORMAT = gomodule.KIND
TEXTS: tuple[str, ...] = ("versions",)
SIGNS: Literal["", "openpgp", "apk"] = ""

# An upper-case letter would be !a in a proxy's paths, which a site has no room for.
_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(/[a-z0-9_-]+(\.[a-z0-9_-]+)*)*")
_VERSION = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_NOTES = (
    "`go env -w` is for all that this user builds: in CI, export GOPROXY and GONOSUMDB in its stead.",
    (
        "GOPRIVATE in the place of GONOSUMDB would send go past the site to a Git server of that name. "
        "Only with GONOPROXY=none it does not."
    ),
    (
        'In the program: import _ "{0}/trust" for http.DefaultTransport, or in package main '
        'import _ "{0}/trust/everywhere" for every client.'
    ),
    "Take the import out of the program before you remove the module.",
)


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the zip, and what a proxy says of it."""
    module = gomodule.unpack(released.filename, released.data)
    if not _NAME.fullmatch(module.name) or not _VERSION.fullmatch(module.version):
        what = f"{released.filename}: {module.name} {module.version}"
        raise PackageError(f"{what} is no lower-case name and final version of a Go module")
    files = gomodule.proxied(module, released.data)
    found = tuple(SiteFile(f"{FOLDER}/{path}", Kind.BLOB, data) for path, data in files.items())
    return Admitted(module.name, module.version, found, (f"{module.version}\n".encode(),))


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put the list of each module's versions, but of those that are withdrawn."""
    for name, pairs in versions.lines_by_name(shelf, "versions"):
        offered = [(rank(entry), line) for entry, line in pairs() if not entry.withdrawn]
        offered.sort(key=itemgetter(0))
        lines = b"".join(line for _, line in offered)
        staging.put(f"{FOLDER}/{name}/@v/list", Kind.POINTER, lines)


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type in the folder of a program."""
    entry = versions.latest(shelf)
    if entry is None:
        return []
    told = Instructions(
        id="go",
        title="Go",
        setup=(
            f'go env -w "GOPROXY={publication.url}/{FOLDER},$(go env GOPROXY)"\n'
            f'go env -w "GONOSUMDB={entry.name},$(go env GONOSUMDB)"\n'
        ),
        install=f"go get {entry.name}\n",
        verify=f"go list {entry.name}/...\n",
        upgrade=f"go get {entry.name}\n",
        remove=f"go get {entry.name}@none\n",
        notes=tuple(note.format(entry.name) for note in _NOTES),
    )
    return [told]

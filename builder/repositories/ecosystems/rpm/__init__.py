"""dnf's and zypper's repository: generations behind a mirror list, and a plain one for mirrors.

repomd.xml and its signature are two files, and no reader is to find them from two publications. So each
publication has a folder of its own, called after its time, to which the first line of `mirrorlist` leads. The
folder stays as it is for clients that have read the line before, as zypper does for ten minutes, unless
something is withdrawn. Then, the second line leads them to the plain repository, `repodata/`, which is there
for mirrors, too: they want an address that does not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from builder.errors import PackageError
from builder.formats.unpacked import Malformed
from builder.repositories.ecosystem import Admitted
from builder.repositories.ecosystems.replacing import replaced
from builder.repositories.ecosystems.rpm import fragments, repodata, updates
from builder.repositories.ecosystems.rpm.instructions import instructions
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

__all__ = [
    "FOLDER",
    "FORMAT",
    "GENERATIONS",
    "NAME",
    "SIGNS",
    "TEXTS",
    "admit",
    "generation_of",
    "index",
    "instructions",
]

NAME = "rpm"
FOLDER = "rpm"
FORMAT = "rpm"
TEXTS: tuple[str, ...] = ("primary", "filelists", "other")
SIGNS: Literal["", "openpgp", "apk"] = "openpgp"

GENERATIONS = f"{FOLDER}/g/"
_PACKAGES = "Packages"
# No text holds a `<`, which is escaped: this is a location, and nothing else.
_LOCATION, _OUTSIDE = b'<location href="', b'<location href="../../'


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the .rpm, with a signature over its header, and its elements of the metadata.

    The same package is signed to the same bytes whenever it comes: its signature is as old as it is itself.
    """
    data = released.data
    try:
        folder = _PACKAGES
        if publication.keys is not None:
            data = publication.keys.rpm(data, time=released.epoch)
            # Signed by another key it is another file: who has an index from before still gets what it names.
            folder = f"{_PACKAGES}/{publication.keys.signer[-8:].lower()}"
        href = f"{folder}/{released.filename}"
        described = fragments.describe(data, href=href, time=released.epoch)
    except Malformed as fault:
        raise PackageError(f"{released.filename}: {fault}") from None
    file = SiteFile(f"{FOLDER}/{href}", Kind.BLOB, data)
    return Admitted(described.name, described.version, (file,), described.elements)


def generation_of(time: int) -> str:
    """Return the folder of the publication that was made at `time`, in seconds since 1970."""
    return f"{GENERATIONS}{time}"


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put this publication's generation, the plain repository, and the mirror list."""
    generation = generation_of(publication.time)
    count = shelf.stock.offered

    def packages(kind: str) -> Iterator[bytes]:
        return repodata.packages(kind, count, shelf.lines(kind))

    outside = replaced(packages("primary"), _LOCATION, _OUTSIDE)
    deep = repodata.put(staging, generation, "primary", outside)
    plain = repodata.put(staging, FOLDER, "primary", packages("primary"))
    shared = (
        repodata.put(staging, generation, "filelists", packages("filelists")),
        repodata.put(staging, generation, "other", packages("other")),
        repodata.put(staging, generation, "updateinfo", updates.xml(shelf, publication.organisation)),
        repodata.put(staging, generation, "suseinfo", [repodata.suseinfo(publication)]),
    )
    repodata.finish(staging, generation, Kind.HASHED, (deep, *shared), publication)
    copied = (repodata.copy(staging, one, FOLDER) for one in shared)
    repodata.finish(staging, FOLDER, Kind.POINTER, (plain, *copied), publication)
    mirrors = (generation, FOLDER)
    lines = "".join(f"{publication.url}/{folder}/\n" for folder in mirrors)
    staging.put(f"{FOLDER}/mirrorlist", Kind.POINTER, lines)

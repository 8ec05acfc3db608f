"""apk's repository (apk-repositories(5)): a signed index for each architecture, beside the packages.

A package for all architectures is said to be each one's own, and lies in each one's folder: of `A:noarch`,
apk-tools asks in a folder noarch/, and apko in the architecture's.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Literal

from builder.errors import PackageError
from builder.formats import apk, compression, pkginfo, tar
from builder.formats.unpacked import Malformed
from builder.repositories import clients
from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.ecosystems.replacing import replaced
from builder.repositories.shelf import newest
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
from builder.repositories.sitefile import Staging

NAME = "apk"
FOLDER = "apk"
FORMAT = "apk"
TEXTS: tuple[str, ...] = ("index",)
SIGNS: Literal["", "openpgp", "apk"] = "apk"

_INDEX = "APKINDEX"
_ANY = "noarch"
# Of .PKGINFO: one line each, and those whose values stand in one line of the index.
_LINES: Mapping[str, str] = {
    "T": "pkgdesc",
    "U": "url",
    "L": "license",
    "o": "origin",
    "m": "maintainer",
    "t": "builddate",
}
_LISTS: Mapping[str, str] = {"D": "depend", "p": "provides", "i": "install_if"}


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the signed .apk for each architecture, and its record of the index.

    The same package is signed to the same bytes whenever it comes: its signature is as old as it is itself.
    """
    data = released.data
    try:
        unpacked = apk.unpack(released.filename, data)
        if publication.keys is not None:
            data = publication.keys.apk(data, time=released.epoch)
        record = _record(data, unpacked.metadata)
    except Malformed as fault:
        raise PackageError(f"{released.filename}: {fault}") from None
    if unpacked.metadata.get("arch") != _ANY:
        raise PackageError(f"{released.filename}: is for one architecture, which a site cannot offer")
    # Where apk asks for it, whatever the file was called.
    name = f"{unpacked.name}-{unpacked.version}.apk"
    files = tuple(SiteFile(f"{FOLDER}/{arch}/{name}", Kind.BLOB, data) for arch in publication.architectures)
    return Admitted(unpacked.name, unpacked.version, files, (record.encode(),))


def _record(data: bytes, info: Mapping[str, str]) -> str:
    lines = {
        "C": f"Q1{_identity(data)}",
        "P": info["pkgname"],
        "V": info["pkgver"],
        "A": _ANY,
        "S": str(len(data)),
        # Of a package with 0 bytes, apk installs nothing at all, not even its folders.
        "I": str(max(1, int(info.get("size", "0")))),
        **{letter: info.get(field, "") for letter, field in _LINES.items()},
        **{letter: info.get(field, "").replace(", ", " ") for letter, field in _LISTS.items()},
    }
    return "".join(f"{letter}:{value}\n" for letter, value in lines.items() if value) + "\n"


def _identity(data: bytes) -> str:
    """Return the digest by which apk knows a package: that of the stream of what is said of it."""
    first = pkginfo.NAME.encode()
    control = next(raw for raw, plain in compression.gunzip_each(".apk", data) if plain.startswith(first))
    return base64.b64encode(hashlib.sha1(control, usedforsecurity=False).digest()).decode()


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put each architecture's signed index.

    A package that came when the site did not have an architecture yet is not in that one's folder, nor index.
    """
    for arch in publication.architectures:
        data = b"".join(compression.gzip_chunks(_archive(shelf, publication, arch)))
        if publication.keys is not None:
            data = publication.keys.apk(data, time=publication.time)
        staging.put(f"{FOLDER}/{arch}/{_INDEX}.tar.gz", Kind.POINTER, data)


def _archive(shelf: Shelf, publication: Publication, arch: str) -> Iterator[bytes]:
    folder, time = f"{FOLDER}/{arch}/", publication.time

    def has(entry: SiteEntry) -> bool:
        return not entry.withdrawn and any(path.startswith(folder) for path in entry.paths)

    told = f"{publication.organisation.slug} {dt.datetime.fromtimestamp(time, dt.UTC):%Y-%m-%d}".encode()
    yield tar.member("DESCRIPTION", len(told), time) + told + tar.padding(len(told))
    longer = len(arch) - len(_ANY)
    size = sum(entry.lengths[0] + longer for entry in shelf.entries if has(entry))
    yield tar.member(_INDEX, size, time)
    yield from replaced(shelf.lines("index", has), f"\nA:{_ANY}\n".encode(), f"\nA:{arch}\n".encode())
    yield tar.padding(size) + tar.END


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type on Alpine, where root has no sudo, and wget is the one that is there."""
    name = newest(shelf, clients.usual(publication.organisation))
    if not name:
        return ()
    organisation = publication.organisation
    own, tag = clients.repository(organisation), clients.apk_tag(organisation)
    path = clients.apk_repository(organisation)
    source = f"mkdir -p {path.rpartition('/')[0]}\ncat >{path} <<'EOF'\n{clients.apk(publication)}EOF\n"
    trusted = "" if publication.keys else " --allow-untrusted"
    # -U, not `apk update`: with that, apk 2.14 keeps an index for four hours.
    return (
        Instructions(
            id="apk",
            title="Alpine Linux (apk)",
            setup=f"{_keys(publication)}{source}",
            install=f"apk add -U{trusted} {own}@{tag} {name}@{tag}\n",
            verify=f"apk info -qL {name} | sed -n 's,.*[.]crt$,/&,p' | xargs openssl verify\n",
            upgrade=f"apk upgrade -U{trusted} {name}\n",
            remove=f"apk del {name} {own}\n",
            notes=(_OWNED.format(own, tag), _FROZEN),
        ),
    )


_OWNED = (
    "{} owns the address and the keys from then on: new keys come by an ordinary upgrade. What is not asked "
    "for as NAME@{}, apk does not take from here."
)
_FROZEN = "An old copy of the index in the place of a newer one is not noticed by apk."


def _keys(publication: Publication) -> str:
    """Return the lines that fetch the keys, each kept where it has its digest."""
    keys = publication.keys.apk_keys if publication.keys else {}
    return "".join(
        clients.fetched(f"{publication.url}/{name}", hashlib.sha256(key).hexdigest(), "wget -O")
        + f' && install -m 644 "$new" {clients.apk_key(name)}\n'
        for name, key in keys.items()
    )

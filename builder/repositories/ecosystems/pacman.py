"""pacman's repository (alpm-repo-db(7)): a database of the newest packages, another of their files.

One folder serves every architecture, since every package is for `any`. A database has one version of each
package; older ones stay beside it, to be installed by their address.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from builder.errors import PackageError
from builder.formats import compression, pacman, tar
from builder.formats.unpacked import Malformed
from builder.repositories import clients
from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.shelf import newest
from builder.repositories.sitefile import Kind, SiteFile
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.formats.unpacked import Unpacked
    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
from builder.repositories.sitefile import Staging

NAME = "pacman"
FOLDER = "arch"
FORMAT = "pacman"
TEXTS: tuple[str, ...] = ("desc", "files")
SIGNS: Literal["", "openpgp", "apk"] = "openpgp"

# Each database has the members of these texts.
_DATABASES: Mapping[str, tuple[str, ...]] = {"db": ("desc",), "files": ("desc", "files")}
_BEFORE: Mapping[str, str] = {"NAME": "pkgname", "BASE": "pkgbase", "VERSION": "pkgver", "DESC": "pkgdesc"}
_AFTER: Mapping[str, str] = {
    "URL": "url",
    "LICENSE": "license",
    "ARCH": "arch",
    "BUILDDATE": "builddate",
    "PACKAGER": "packager",
    "REPLACES": "replaces",
    "CONFLICTS": "conflict",
    "PROVIDES": "provides",
    "DEPENDS": "depend",
    "OPTDEPENDS": "optdepend",
}
_LISTS = {"REPLACES", "CONFLICTS", "PROVIDES", "DEPENDS", "OPTDEPENDS"}


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the package, its signature, and its members of the databases.

    The same package is signed to the same bytes whenever it comes: its signature is as old as it is itself.
    """
    try:
        unpacked = pacman.unpack(released.filename, released.data)
    except Malformed as fault:
        raise PackageError(f"{released.filename}: {fault}") from None
    if unpacked.metadata.get("arch") != "any":
        raise PackageError(f"{released.filename}: is for one architecture, which a site cannot offer")
    path = f"{FOLDER}/{released.filename}"
    files = [SiteFile(path, Kind.BLOB, released.data)]
    if publication.keys is not None:
        signature = publication.keys.detached(released.data, time=released.epoch, armored=False)
        files.append(SiteFile(f"{path}.sig", Kind.BLOB, signature))
    lines = _desc(released, unpacked).encode(), _files(released, unpacked).encode()
    return Admitted(unpacked.name, unpacked.version, tuple(files), lines)


def _desc(released: Released, unpacked: Unpacked) -> str:
    info, data = unpacked.metadata, released.data
    fields = {
        "FILENAME": released.filename,
        **{field: info.get(key, "") for field, key in _BEFORE.items()},
        "CSIZE": str(len(data)),
        "ISIZE": info.get("size", ""),
        "SHA256SUM": hashlib.sha256(data).hexdigest(),
        **{field: info.get(key, "") for field, key in _AFTER.items()},
    }
    rows = ((field, value.split(", ") if field in _LISTS else [value]) for field, value in fields.items())
    return "".join(_block(released.filename, field, values) for field, values in rows if any(values))


def _block(filename: str, field: str, values: Sequence[str]) -> str:
    """Return a field and its values, a line each; raise PackageError for one that is more than a line."""
    for value in values:
        if not value or value.startswith("%") or min(value) < " ":
            raise PackageError(
                f"{filename}: {field.lower()}: {visible(value)} is nothing that pacman's index holds"
            )
    return "".join((f"%{field}%\n", *(f"{value}\n" for value in values), "\n"))


def _files(released: Released, unpacked: Unpacked) -> str:
    paths = [f"{entry.path[1:]}{'/' * (entry.kind == 'dir')}" for entry in unpacked.entries]
    return _block(released.filename, "FILES", paths)


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put both databases and their signatures: each of a pair is right for the other alone."""
    for database, texts in _DATABASES.items():
        path = f"{FOLDER}/{publication.organisation.slug}.{database}"
        data = b"".join(compression.gzip_chunks(_archive(shelf, texts)))
        staging.put(path, Kind.POINTER, data)
        if publication.keys is not None:
            signature = publication.keys.detached(data, time=publication.time, armored=False)
            staging.put(f"{path}.sig", Kind.POINTER, signature)


def _archive(shelf: Shelf, texts: Sequence[str]) -> Iterator[bytes]:
    newest = {one.newest.path for one in shelf.stock.names.values() if one.newest}

    def wanted(entry: SiteEntry) -> bool:
        return entry.path in newest

    # The texts of all packages are in one order, and so are what these iterators yield.
    for members in zip(*(shelf.each(text, wanted) for text in texts), strict=True):
        entry = members[0][0]
        folder = f"{entry.name}-{entry.version}"
        yield tar.member(f"{folder}/", 0, entry.added, folder=True)
        for text, (_, data) in zip(texts, members, strict=True):
            yield tar.member(f"{folder}/{text}", len(data), entry.added) + data + tar.padding(len(data))
    yield tar.END


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type on Arch Linux and its kin."""
    name = newest(shelf, clients.usual(publication.organisation))
    if not name:
        return ()
    section = clients.pacman(publication)
    return (
        Instructions(
            id="pacman",
            title="Arch Linux (pacman)",
            setup=f"{_keys(publication)}sudo tee -a /etc/pacman.conf >/dev/null <<'EOF'\n\n{section}EOF\n",
            install=f"sudo pacman -Syu {name}\n",
            verify=f"pacman -Qlq {name} | grep '[.]crt$' | grep -v /blocklist/ | xargs openssl verify\n",
            upgrade="sudo pacman -Syu\n",
            remove=f"sudo pacman -Rns {name}\n",
            notes=(_OLDER.format(f"{publication.url}/{FOLDER}"), _KEYS),
        ),
    )


_OLDER = "pacman's databases have the newest version alone: an older one is installed by pacman -U {}/FILE."
_KEYS = (
    "pacman has no package that brings new keys: after a change of keys, the first lines are typed once more."
)


def _keys(publication: Publication) -> str:
    """Return the lines that fetch the keys, and trust them where they have their digest."""
    if publication.keys is None:
        return ""
    digest = hashlib.sha256(publication.keys.certificate).hexdigest()
    url = f"{publication.url}/{clients.certificate(publication.organisation)}"
    lines = f'{clients.fetched(url, digest)} && sudo pacman-key --add "$new"\n'
    return lines + "".join(f"sudo pacman-key --lsign-key {one}\n" for one in publication.keys.certificates)

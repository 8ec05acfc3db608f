"""A folder `repodata/`: the gzipped metadata by digest, and repomd.xml, which names it and is signed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from builder.formats import compression
from builder.repositories.ecosystems.rpm.xml import DECLARATION
from builder.repositories.sitefile import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from builder.repositories.publication import Publication
    from builder.repositories.sitefile import Listed, Staging

_REPO = "http://linux.duke.edu/metadata/repo"
_COMMON = "http://linux.duke.edu/metadata/common"
_RPM = "http://linux.duke.edu/metadata/rpm"
# The root element of each kind of metadata.
_ROOTS: Mapping[str, tuple[str, str]] = {
    "primary": (f'metadata xmlns="{_COMMON}" xmlns:rpm="{_RPM}"', "metadata"),
    "filelists": ('filelists xmlns="http://linux.duke.edu/metadata/filelists"', "filelists"),
    "other": ('otherdata xmlns="http://linux.duke.edu/metadata/other"', "otherdata"),
}


class Data(NamedTuple):
    """One kind of metadata as repomd.xml has it: the file, and what it unpacks to."""

    kind: str
    file: Listed
    open_sha256: str
    open_size: int


def packages(kind: str, count: int, fragments: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the XML of primary, filelists or other, of `count` packages."""
    root, name = _ROOTS[kind]
    yield f'{DECLARATION}<{root} packages="{count}">\n'.encode()
    yield from fragments
    yield f"</{name}>\n".encode()


def suseinfo(publication: Publication) -> bytes:
    """Return the XML by which zypper, unlike dnf, knows when a repository has expired."""
    valid = publication.expires - publication.time
    return f"{DECLARATION}<suseinfo><expire>{valid}</expire></suseinfo>\n".encode()


def put(staging: Staging, folder: str, kind: str, xml: Iterable[bytes]) -> Data:
    """Put one kind of metadata into the `repodata/` of `folder`."""
    measured = _Measured(xml)
    path = f"{folder}/repodata/{{sha256}}-{kind}.xml.gz"
    file = staging.put(path, Kind.HASHED, compression.gzip_chunks(measured))
    return Data(kind, file, measured.digest.hexdigest(), measured.size)


def copy(staging: Staging, data: Data, folder: str) -> Data:
    """Put what was put, into another folder's `repodata/` too."""
    path = f"{folder}/repodata/{data.file.path.rpartition('/')[2]}"
    return data._replace(file=staging.copy(data.file, path, Kind.HASHED))


class _Measured:
    """Chunks whose digest and size are known once they have been read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.digest.update(chunk)
            self.size += len(chunk)
            yield chunk


def finish(staging: Staging, folder: str, kind: Kind, data: Iterable[Data], publication: Publication) -> None:
    """Put repomd.xml, its signature and, for zypper, the keys into the `repodata/` of `folder`."""
    rows = "".join(_row(one, publication.time) for one in data)
    repomd = (
        f'{DECLARATION}<repomd xmlns="{_REPO}" xmlns:rpm="{_RPM}">\n'
        f"<revision>{publication.time}</revision>\n{_tags(publication)}{rows}</repomd>\n"
    ).encode()
    path = f"{folder}/repodata/repomd.xml"
    staging.put(path, kind, repomd)
    if publication.keys is None:
        return
    staging.put(f"{path}.asc", kind, publication.keys.detached(repomd, time=publication.time))
    staging.put(f"{path}.key", kind, publication.keys.certificate)


def _tags(publication: Publication) -> str:
    """Return what lets zypper take the next key by itself (seen with libzypp 17.36).

    It asks nobody of a key that is named here, where one that it trusts has signed; repomd.xml.key has it.
    """
    fingerprints = publication.keys.certificates if publication.keys else ()
    if not fingerprints:
        return ""
    tags = (f"<content>gpg-pubkey-{one.lower()}.asc?fpr={one}</content>" for one in fingerprints)
    return f"<tags>{''.join(tags)}</tags>\n"


def _row(data: Data, time: int) -> str:
    name = data.file.path.rpartition("/")[2]
    return (
        f'<data type="{data.kind}"><checksum type="sha256">{data.file.sha256}</checksum>'
        f'<open-checksum type="sha256">{data.open_sha256}</open-checksum>'
        f'<location href="repodata/{name}"/><timestamp>{time}</timestamp>'
        f"<size>{data.file.size}</size><open-size>{data.open_size}</open-size></data>\n"
    )

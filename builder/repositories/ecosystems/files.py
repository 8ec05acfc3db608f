"""What no package manager installs, to be downloaded with its digest: the roots in one PEM file, archives."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.entry import rank
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    name, version = (_name(named[1], named[3]), named[2]) if named else (released.filename, released.release)
    line = f"{hashlib.sha256(released.data).hexdigest()}  {released.filename}\n"
    file = SiteFile(f"{FOLDER}/{released.filename}", Kind.BLOB, released.data)
    return Admitted(name, version, (file,), (line.encode(),))


def _name(stem: str, ending: str | None) -> str:
    """Return what a file is called from release to release: those that differ in their endings, differently.

    But a bundle's name has none, as on sites that were made before there was another file.
    """
    return stem if ending == ".pem" else f"{stem}{ending or ''}"


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put the digests of what is offered, and a signature over them."""
    sums = b"".join(shelf.lines("sums"))
    staging.put(_SUMS, Kind.POINTER, sums)
    if publication.keys is not None:
        signature = publication.keys.detached(sums, time=publication.time)
        staging.put(f"{_SUMS}.asc", Kind.POINTER, signature)


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type to get the bundle, and to bring the others to where they are read."""
    newest = sorted((one.newest for one in shelf.stock.names.values() if one.newest), key=rank)
    told = {
        ".msi": _installer,
        ".mobileconfig": _profile,
        ".oci.tar": _image,
        "-configmap.yaml": _configmap,
        "-snippets.tar.gz": _snippets,
        ".pem": _bundle,
    }
    last = {
        ending: one
        for one in newest
        for ending in told
        if one.path.endswith(ending) or one.name.endswith(ending)
    }
    return [told[ending](last[ending], publication) for ending in told if ending in last]


def _installer(entry: SiteEntry, publication: Publication) -> Instructions:
    url = f"{publication.url}/{entry.path}"
    install = f"msiexec /i {url} /qn\n"
    return Instructions(
        id="msi",
        title="Windows: an installer",
        setup="",
        install=install,
        verify="certutil -store Root\n",
        upgrade=install,
        remove=f"msiexec /x {url} /qn\n",
        notes=(
            "As an administrator; the machine must trust this address, by a public CA or by an earlier one.",
            f"It has no Authenticode signature: compare its digest with {publication.url}/{_SUMS}.",
            "Not tried on Windows: Wine installs, upgrades and removes it.",
        ),
    )


def _profile(entry: SiteEntry, publication: Publication) -> Instructions:
    file = entry.path.rpartition("/")[2]
    fetch = f"{_fetch(entry, publication)}open {file}\n"
    return Instructions(
        id="mobileconfig",
        title="macOS and iOS: a configuration profile",
        setup="",
        install=fetch,
        verify="profiles show -all\n",
        upgrade=fetch,
        remove=f"sudo profiles remove -identifier {entry.name.removesuffix('.mobileconfig')}\n",
        notes=(
            "Management installs it in silence. By hand, somebody has to trust each root for TLS.",
            "On an iPhone: open its address in Safari, then install it in the settings.",
            "Not tried on any device of Apple's.",
        ),
    )


def _image(entry: SiteEntry, publication: Publication) -> Instructions:
    file, name = entry.path.rpartition("/")[2], entry.name.removesuffix(".oci.tar")
    image = f"docker://registry.internal/{name}:{entry.version}"
    fetch = _fetch(entry, publication)
    return Instructions(
        id="oci",
        title="Containers: an image of data",
        setup="",
        install=f"{fetch}skopeo copy --all --preserve-digests oci-archive:{file} {image}\n",
        verify=f"skopeo inspect {image}\n",
        upgrade=f"{fetch}skopeo copy --all --preserve-digests oci-archive:{file} {image}\n",
        remove=f"skopeo delete {image}\n",
        notes=(
            "A site is no registry: registry.internal stands for one of yours.",
            f"In a Dockerfile: COPY --from=registry.internal/{name}:{entry.version} /certs/ /etc/ssl/certs/",
        ),
    )


def _configmap(entry: SiteEntry, publication: Publication) -> Instructions:
    url, name = f"{publication.url}/{entry.path}", entry.name.removesuffix("-configmap.yaml")
    return Instructions(
        id="kubernetes",
        title="Kubernetes: a ConfigMap",
        setup="",
        install=f"kubectl apply -f {url}\n",
        verify=f"kubectl get configmap {name} -o yaml\n",
        upgrade=f"kubectl apply -f {url}\n",
        remove=f"kubectl delete configmap {name}\n",
        notes=(
            "Pods mount it, and set SSL_CERT_DIR=/etc/ssl/certs:MOUNT; the archive beside it has examples.",
            "No API server was asked: the objects are valid by the schemas of Kubernetes 1.32 to 1.37.",
        ),
    )


def _snippets(entry: SiteEntry, publication: Publication) -> Instructions:
    file = entry.path.rpartition("/")[2]
    folder = f"{entry.name.removesuffix('-snippets.tar.gz')}-{entry.version}"
    fetch = f"{_fetch(entry, publication)}tar -xzf {file}\n"
    return Instructions(
        id="snippets",
        title="Dockerfile, cloud-init, Ansible, Nix, CI jobs: snippets",
        setup="",
        install=fetch,
        verify=f"openssl storeutl -noout -certs {folder}/roots.pem\n",
        upgrade=fetch,
        remove=f"rm -r {folder} {file}\n",
        notes=(
            f"Copy the folder you need into a project of yours: {folder}/README.md says what each is for.",
            "What trust.sh has added, its word remove takes out; what the role has, its state absent.",
        ),
    )


def _fetch(entry: SiteEntry, publication: Publication) -> str:
    """Return the lines that download a file, and compare it with the site's digests."""
    return (
        f"curl -fsSLO {publication.url}/{entry.path}\n"
        f"curl -fsSL {publication.url}/{_SUMS} | sha256sum --check --ignore-missing\n"
    )


def _bundle(entry: SiteEntry, publication: Publication) -> Instructions:
    file = entry.path.rpartition("/")[2]
    fetch = _fetch(entry, publication)
    signed = f"{publication.url}/{_SUMS}.asc is a signature over the digests, by the site's OpenPGP key."
    return Instructions(
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

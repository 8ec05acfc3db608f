"""apt's repository (wiki.debian.org/DebianRepository/Format): one index for every architecture, signed.

`Architectures: all` alone is enough for apt 2.2 and newer on every architecture, and saves each an index.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Literal

from builder.formats import compression, deb
from builder.repositories import clients
from builder.repositories.clients import COMPONENT, SUITE
from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.shelf import newest
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.model import Organisation
    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Listed, Staging

NAME = "apt"
FOLDER = "deb"
FORMAT = "deb"
TEXTS: tuple[str, ...] = ("packages",)
SIGNS: Literal["", "openpgp", "apk"] = ""

_OWNED = (
    "{} owns the address and the keys from then on, so that new keys come by an ordinary upgrade, and keeps "
    "apt from taking any other package from here."
)
_SUITE = f"{FOLDER}/dists/{SUITE}"
_BINARY = f"{COMPONENT}/binary-all"


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the .deb in the pool, and its stanza of Packages; a .deb has no signature of its own."""
    package = deb.unpack(released.filename, released.data)
    path = f"pool/{COMPONENT}/{package.name[:1]}/{package.name}/{released.filename}"
    stanza = (
        f"{deb.control(released.data)}Filename: {path}\nSize: {len(released.data)}\n"
        f"SHA256: {hashlib.sha256(released.data).hexdigest()}\n\n"
    )
    file = SiteFile(f"{FOLDER}/{path}", Kind.BLOB, released.data)
    return Admitted(package.name, package.version, (file,), (stanza.encode(),))


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put Packages, by its digest and by its name, and the signed Release."""
    sums = []
    for name, chunks in (
        ("Packages", shelf.lines("packages")),
        ("Packages.gz", compression.gzip_chunks(shelf.lines("packages"))),
    ):
        hashed = staging.put(f"{_SUITE}/{_BINARY}/by-hash/SHA256/{{sha256}}", Kind.HASHED, chunks)
        sums.append(staging.copy(hashed, f"{_SUITE}/{_BINARY}/{name}", Kind.LEAF))
    release = _release(publication, sums)
    staging.put(f"{_SUITE}/Release", Kind.POINTER, release)
    if publication.keys is None:
        return
    signature = publication.keys.detached(release.encode(), time=publication.time)
    staging.put(f"{_SUITE}/Release.gpg", Kind.POINTER, signature)
    staging.put(f"{_SUITE}/InRelease", Kind.POINTER, publication.keys.clear(release, time=publication.time))


def _release(publication: Publication, sums: Sequence[Listed]) -> str:
    """Return the Release file; of Origin, Label, Suite and Codename apt asks people when they change."""
    name = publication.organisation.slug
    fields = {
        "Origin": name,
        "Label": name,
        "Suite": SUITE,
        "Codename": SUITE,
        "Date": _date(publication.time),
        "Valid-Until": _date(publication.expires),
        "Acquire-By-Hash": "yes",
        "Architectures": "all",
        "Components": COMPONENT,
        "Description": f"CA certificates of {publication.organisation.name}",
    }
    rows = [f" {one.sha256} {one.size} {one.path.removeprefix(f'{_SUITE}/')}\n" for one in sums]
    return "".join(f"{key}: {value}\n" for key, value in fields.items()) + "SHA256:\n" + "".join(rows)


def _date(time: int) -> str:
    """Return a time as RFC 2822 has it, in UTC and in English whatever the locale is."""
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    day, month = (
        ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][moment.weekday()],
        _MONTHS[moment.month - 1],
    )
    return f"{day}, {moment.day:02} {month} {moment:%Y %H:%M:%S} UTC"


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type on Debian and Ubuntu."""
    organisation = publication.organisation
    name = newest(shelf, clients.usual(organisation), clients.not_for_browsers)
    browsers = newest(shelf, clients.usual_for_browsers(organisation), clients.for_browsers)
    setup = _setup(shelf, publication)
    return (
        *([_of_system(name, setup, organisation, browsers)] if name else ()),
        *([_of_browsers(browsers, setup, organisation)] if browsers else ()),
    )


def _setup(shelf: Shelf, publication: Publication) -> str:
    """Return the lines that make the site known."""
    organisation, keys = publication.organisation, publication.keys
    names = clients.own(shelf.stock.offered_names, organisation)
    address = f"{publication.url}/{clients.certificate(organisation)}"
    key = (
        clients.checked(address, clients.apt_key(organisation), hashlib.sha256(keys.certificate).hexdigest())
        if keys
        else ""
    )
    source = clients.written(clients.apt_sources(organisation), clients.sources(publication, names))
    return f"{key}{source}sudo apt-get update\n"


def _of_system(name: str, setup: str, organisation: Organisation, browsers: str) -> Instructions:
    own = clients.repository(organisation)
    keeping = (clients.KEEPING.format(own, browsers),) if browsers else ()
    return Instructions(
        id="apt",
        title="Debian and Ubuntu (apt)",
        setup=setup,
        install=f"sudo apt-get install {own} {name}\n",
        verify=f"openssl verify /usr/share/ca-certificates/{organisation.slug}/*.crt\n",
        upgrade="sudo apt-get update && sudo apt-get upgrade\n",
        remove=f"sudo apt-get purge {name} {own}\n",
        notes=(_OWNED.format(own), *keeping),
    )


def _of_browsers(name: str, setup: str, organisation: Organisation) -> Instructions:
    return Instructions(
        id="apt-browsers",
        title="Browsers on Debian and Ubuntu (apt)",
        setup=setup,
        install=f"sudo apt-get install {clients.repository(organisation)} {name}\n",
        verify=clients.sees_policies(name),
        upgrade="sudo apt-get update && sudo apt-get upgrade\n",
        remove=f"sudo apt-get remove {name}\n",
        notes=clients.BROWSER_NOTES,
    )

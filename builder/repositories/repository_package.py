"""ORG-repository: the package (deb, rpm, apk) that owns the site's public keys and its address on a machine.

A rotation reaches every machine that has it by an ordinary upgrade. Its version is the day and the second of
the day, in UTC, when its content last changed. Removing it leaves nothing that a package manager would fail
about.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder import formats
from builder.formats import compression
from builder.model import File, Package, Revision
from builder.render import changelog, template
from builder.render.shipped import ROOT
from builder.repositories import clients
from builder.repositories.entry import Released
from builder.repositories.shelf import Stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from builder.model import Organisation
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf

_TEMPLATES = ROOT / "templates" / "site"
_NOTE = "The site's address, its public keys and the packages that it offers."


class _Form(msgspec.Struct, frozen=True):
    """How one format says it: `files` are what machines get, `limit` what keeps other names out."""

    container: str
    filename: str
    files: Callable[[Publication, Sequence[str]], dict[str, str | bytes]]
    folders: tuple[str, ...]
    metadata: Mapping[str, Any]
    limit: str
    remove: str


def due(publication: Publication, shelves: Mapping[str, Shelf]) -> Iterator[tuple[str, Released]]:
    """Yield the ecosystems whose ORG-repository is to be made anew, each with the unsigned package.

    `shelves` are the packages by ecosystem. There is none for those that have no packages, and none where
    the site has the same already.
    """
    name = clients.repository(publication.organisation)
    for ecosystem, form in _FORMS.items():
        there = shelves[ecosystem].stock if ecosystem in shelves else Stock()
        names = clients.own(there.released_names, publication.organisation)
        if names == [name]:
            continue
        time = publication.time
        if former := there.names.get(name):
            made = moment(former.last.version)
            if _released(form, publication, names, made).identity == former.last.identity:
                continue
            time = max(time, made + 1)
        yield ecosystem, _released(form, publication, names, time)


def version(time: int) -> str:
    """Return the version of what was made at `time`, seconds since 1970: it rises with it, everywhere."""
    made = dt.datetime.fromtimestamp(time, dt.UTC)
    return f"{made:%Y%m%d}.{time % 86_400}"


def moment(text: str) -> int:
    """Return the time, in seconds since 1970, of a version (with or without a package's own revision)."""
    day, _, second = text.partition("-")[0].partition(".")
    midnight = dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=dt.UTC)
    return int(midnight.timestamp()) + int(second)


def _released(form: _Form, publication: Publication, names: Sequence[str], time: int) -> Released:
    name, number = clients.repository(publication.organisation), version(time)
    filename = form.filename.format(name=name, version=number)
    package = Package(
        target=name,
        container=form.container,
        name=name,
        version=number,
        filename=filename,
        epoch=time,
        organisation=publication.organisation,
        files=(*_files(form, publication, names, time), *(File(p, b"", 0o755, "dir") for p in form.folders)),
        metadata={**form.metadata, **_described(form, publication.organisation)},
        history=(_revision(time),),
    )
    data = formats.write(package)
    return Released("", filename, data, hashlib.sha256(data).hexdigest(), time)


def _revision(time: int) -> Revision:
    made = dt.datetime.fromtimestamp(time, dt.UTC)
    return Revision(version(time), f"{made:%Y-%m-%d}", (_NOTE,), made.hour * 60 + made.minute)


def _described(form: _Form, organisation: Organisation) -> dict[str, str]:
    summary = f"ackage repository of {organisation.slug}: its address and public keys"
    if form.container == "deb":
        return {
            "description": f"p{summary}\n{_NOTE}\nAn upgrade brings the next key before the old one goes."
        }
    return {"summary": f"P{summary}"}


def _files(form: _Form, publication: Publication, names: Sequence[str], time: int) -> Iterator[File]:
    found = form.files(publication, names)
    for path, content in found.items():
        yield File(path, content.encode() if isinstance(content, str) else content)
    organisation = publication.organisation
    name = clients.repository(organisation)
    scope = {
        "name": name,
        "version": version(time),
        "org": organisation,
        "url": publication.url,
        "paths": tuple(found),
        "limit": form.limit,
        "remove": form.remove.format(name=name),
    }
    documents = f"/usr/share/doc/{name}"
    yield File(f"{documents}/README", _page("repository-README.j2", scope))
    if form.container == "rpm":  # other formats' packages share their folders without owning them
        yield File(documents, b"", 0o755, "dir")
    if form.container == "deb":
        who = f"{organisation.contact_name} <{organisation.contact_email}>"
        said = changelog.debian((_revision(time),), name=name, maintainer=who)
        yield File(f"{documents}/changelog.gz", compression.gzip(said.encode()))
        scope = {"name": name, "org": organisation, "year": _revision(time).date[:4]}
        yield File(f"{documents}/copyright", _page("repository-copyright.j2", scope))


def _page(name: str, scope: Mapping[str, Any]) -> bytes:
    return template.page(_TEMPLATES, name, scope).rstrip(b"\n") + b"\n"


def _deb(publication: Publication, names: Sequence[str]) -> dict[str, str | bytes]:
    organisation = publication.organisation
    keys = {clients.apt_key(organisation): publication.keys.certificate} if publication.keys else {}
    return {
        **keys,
        clients.apt_sources(organisation): clients.sources(publication, names),
        clients.apt_preferences(organisation): clients.preferences(publication, names),
        clients.apt_unattended(organisation): clients.unattended(publication),
    }


def _rpm(publication: Publication, names: Sequence[str]) -> dict[str, str | bytes]:
    organisation = publication.organisation
    keys = {clients.rpm_key(organisation): publication.keys.certificate} if publication.keys else {}
    return {
        **keys,
        clients.dnf_repository(organisation): clients.dnf(publication, names),
        clients.zypper_repository(organisation): clients.zypper(publication),
    }


def _apk(publication: Publication, _names: Sequence[str]) -> dict[str, str | bytes]:
    keys = publication.keys.apk_keys if publication.keys else {}
    return {
        **{clients.apk_key(name): key for name, key in keys.items()},
        clients.apk_repository(publication.organisation): clients.apk(publication),
    }


_FORMS: Mapping[str, _Form] = {
    "apt": _Form(
        container="deb",
        filename="{name}_{version}_all.deb",
        files=_deb,
        folders=(),
        # As conffiles they would stay when the package is removed, without the key, and fail every update.
        metadata={"section": "misc", "priority": "optional", "multi_arch": "foreign", "conffiles": []},
        limit="No other package is taken from the site than those that the preferences name.",
        remove="apt purge {name}",
    ),
    "rpm": _Form(
        container="rpm",
        filename="{name}-{version}-1.noarch.rpm",
        files=_rpm,
        folders=("/etc/yum.repos.d", "/etc/zypp", "/etc/zypp/repos.d"),
        metadata={"release": "1", "group": "System Environment/Base"},
        limit="dnf takes no other package from the site than those of includepkgs. zypper has no such list: "
        "there the distribution's packages only come first.",
        remove="dnf remove {name}",
    ),
    "apk": _Form(
        container="apk",
        filename="{name}-{version}-r0.apk",
        files=_apk,
        folders=(),
        metadata={"release": "0"},
        limit="No package is taken from the site but those that are asked for with its tag.",
        remove="apk del {name}",
    ),
}

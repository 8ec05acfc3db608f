"""updateinfo.xml, by which `dnf upgrade --security` and `zypper patch` know what is urgent.

The newest version of each package is an update. A version that is withdrawn makes the next offered one a
security update, so that hosts which have the withdrawn one, and no others, are asked to take it. The site's
own package is always one: it brings new keys, without which hosts that take nothing else would be cut off.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from builder.repositories.ecosystems import versions
from builder.repositories.ecosystems.rpm.xml import DECLARATION, attributes, element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.model import Organisation
    from builder.repositories.entry import Shelf, SiteEntry


class _Update(NamedTuple):
    """An update to one package, for security if it has a severity; `time` is seconds since 1970."""

    id: str
    severity: str
    title: str
    description: str
    time: int
    package: SiteEntry


def xml(shelf: Shelf, organisation: Organisation) -> Iterator[bytes]:
    """Yield updateinfo.xml."""
    yield f"{DECLARATION}<updates>\n".encode()
    for entries in versions.by_name(shelf).values():
        for update in (*_newest(entries), *_withdrawals(entries)):
            yield _element(update, organisation).encode()
    yield b"</updates>\n"


def _newest(entries: Sequence[SiteEntry]) -> Iterator[_Update]:
    if newest := versions.newest(entries):
        title = f"{newest.name} {newest.version}"
        name = f"{newest.name}-{newest.version}"
        yield _Update(name, "" if newest.release else "Important", title, f"{title}.", newest.added, newest)


def _withdrawals(entries: Sequence[SiteEntry]) -> Iterator[_Update]:
    following = None
    for entry in reversed(entries):
        if not entry.withdrawn:
            following = entry
        elif following is not None:
            title = f"{entry.name} {entry.version} is withdrawn"
            name, why = f"{entry.name}-{entry.version}-withdrawn", f"{title}: {entry.withdrawn}"
            yield _Update(name, "Critical", title, why, entry.withdrawn_at, following)


def _element(update: _Update, organisation: Organisation) -> str:
    date = f"{dt.datetime.fromtimestamp(update.time, dt.UTC):%Y-%m-%d %H:%M:%S}"
    kind = "security" if update.severity else "bugfix"
    source = {"from": organisation.contact_email, "status": "final", "type": kind, "version": "1"}
    severity = element("severity", update.severity) if update.severity else ""
    return (
        f"<update{attributes(**source)}>{element('id', update.id)}{element('title', update.title)}"
        f"<issued{attributes(date=date)}/><updated{attributes(date=date)}/>{severity}"
        f"{element('description', update.description)}<references/><pkglist><collection>"
        f"{element('name', organisation.name)}{_package(update.package)}</collection></pkglist></update>\n"
    )


def _package(entry: SiteEntry) -> str:
    epoch, _, rest = entry.version.rpartition(":")
    version, _, release = rest.partition("-")
    filename = entry.path.rpartition("/")[2]
    arch = filename.removesuffix(".rpm").rpartition(".")[2]
    named = attributes(name=entry.name, epoch=epoch or "0", version=version, release=release, arch=arch)
    digest = element("sum", entry.sha256, ' type="sha256"')
    return f"<package{named}>{element('filename', filename)}{digest}</package>"

"""updateinfo.xml, by which `dnf upgrade --security` and `zypper patch` know what is urgent.

The newest version of each package is an update. A version that is withdrawn makes the next offered one a
security update, so that hosts which have the withdrawn one, and no others, are asked to take it. The site's
own package is always one: it brings new keys, without which hosts that take nothing else would be cut off.
"""

from __future__ import annotations

import bisect
import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from builder.repositories.ecosystems.rpm.xml import DECLARATION, attributes, element
from builder.repositories.entry import rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from builder.model import Organisation
    from builder.repositories.entry import SiteEntry
    from builder.repositories.shelf import Shelf


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
    withdrawals = _withdrawals(shelf) if shelf.stock.withdrawn else {}
    for name, one in sorted(shelf.stock.names.items()):
        newest = [_newest(one.newest)] if one.newest else []
        for update in (*newest, *withdrawals.get(name, ())):
            yield _element(update, organisation).encode()
    yield b"</updates>\n"


def _newest(newest: SiteEntry) -> _Update:
    title = f"{newest.name} {newest.version}"
    name = f"{newest.name}-{newest.version}"
    return _Update(name, "" if newest.release else "Important", title, f"{title}.", newest.added, newest)


def _withdrawals(shelf: Shelf) -> Mapping[str, Sequence[_Update]]:
    """Return by name the updates away from each withdrawn version, to the next one that is offered."""
    withdrawn: dict[str, list[SiteEntry]] = {}
    for entry in shelf.entries:
        if entry.withdrawn:
            withdrawn.setdefault(entry.name, []).append(entry)
    found = {}
    for name, entries in withdrawn.items():
        entries.sort(key=rank)
        following = _following(entries, (one for one in shelf.offered if one.name == name))
        pairs = reversed([*zip(entries, following, strict=True)])
        found[name] = [_withdrawal(entry, after) for entry, after in pairs if after]
    return found


def _following(withdrawn: Sequence[SiteEntry], offered: Iterable[SiteEntry]) -> Sequence[SiteEntry | None]:
    """Return the lowest of the `offered` versions above each withdrawn one; these are in their order."""
    ranks = [rank(one) for one in withdrawn]
    found: list[SiteEntry | None] = [None] * len(withdrawn)
    for entry in offered:
        below = bisect.bisect_left(ranks, rank(entry)) - 1
        if below >= 0 and ((known := found[below]) is None or rank(entry) < rank(known)):
            found[below] = entry
    # What follows the next withdrawn one follows those below it, too.
    for at in range(len(found) - 2, -1, -1):
        found[at] = found[at] or found[at + 1]
    return found


def _withdrawal(entry: SiteEntry, following: SiteEntry) -> _Update:
    title = f"{entry.name} {entry.version} is withdrawn"
    name, why = f"{entry.name}-{entry.version}-withdrawn", f"{title}: {entry.withdrawn}"
    return _Update(name, "Critical", title, why, entry.withdrawn_at, following)


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

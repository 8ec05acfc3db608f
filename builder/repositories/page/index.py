"""The front page: one HTML file that asks for nothing else, and runs nothing but the script inside it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec

from builder.render import template
from builder.render.shipped import ROOT
from builder.repositories.page import checks, verification
from builder.repositories.page.authority import Mention, grouped, mentions, rows, shortened
from builder.repositories.page.timeline import timeline
from builder.text.times import stamp

if TYPE_CHECKING:
    from builder.repositories.page.view import Guide, ReleaseNews, SiteKey, SiteView

_TEMPLATES = ROOT / "templates" / "site"
# Ecosystems of one language; all others install for the whole system.
_LANGUAGES = ("pypi", "npm", "gem", "maven", "go", "conda")


def render(view: SiteView) -> bytes:
    """Return the page; the same view is always the same bytes."""
    return template.page(_TEMPLATES, "index.html.j2", _scope(view))


def _scope(view: SiteView) -> dict[str, Any]:
    """Return what the template prints."""
    now = moment(view.time)
    axis = timeline((*view.authorities, *view.withdrawn), now)
    shipped = tuple(one for one in view.authorities if one.shipped)
    blocked = tuple(one for one in view.authorities if not one.shipped)
    gone = (*rows(blocked, axis, now), *rows(view.withdrawn, axis, now, state="withdrawn"))
    ecosystems = {guide.ecosystem for guide in view.guides}
    return {
        "view": view,
        "name": shortened(view.organisation.name),
        "style": template.inline(_TEMPLATES / "page.css"),
        "script": template.inline(_TEMPLATES / "page.js"),
        "style_hash": template.source_hash(_TEMPLATES / "page.css"),
        "script_hash": template.source_hash(_TEMPLATES / "page.js"),
        "now": stamp(now),
        "today": now.date(),
        "expires": stamp(moment(view.expires)),
        "last_day": moment(view.expires).date(),
        "axis": axis,
        "trusted": rows(shipped, axis, now, limits=view.limits),
        "count": len(shipped),
        "untrusted": gone,
        "releases": [release_row(one) for one in view.releases],
        "newest": next((one.release for one in view.releases if not one.withdrawn), ""),
        "groups": _groups(view),
        "fetching": verification.fetching(view),
        "comparing": verification.comparing(view),
        "bundle": grouped(view.bundle_sha256),
        "script_digits": grouped(view.first_install.sha256) if view.first_install else (),
        "private": view.url.startswith("https:"),  # its CA may be the one that the packages bring
        "linked": view.organisation.homepage.startswith(("https://", "http://")),
        "keys": [_key(key) for key in view.keys],
        "attacks": checks.ATTACKS,
        "checks": checks.of(ecosystems, signed=bool(view.keys)),
    }


class ChangeRow(msgspec.Struct, frozen=True):
    """What one release did to some CAs, in a word."""

    verb: str
    count: int
    mentions: tuple[Mention, ...]


class ReleaseRow(msgspec.Struct, frozen=True):
    """One release as the page shows it: its day, and each kind of change that it has."""

    release: str
    day: str
    changes: tuple[ChangeRow, ...]
    withdrawn: str
    withdrawn_day: str
    documents: tuple[tuple[str, str], ...]


class KeyRow(msgspec.Struct, frozen=True):
    """One public key as the page shows it."""

    key: SiteKey
    groups: tuple[str, ...]


def release_row(one: ReleaseNews) -> ReleaseRow:
    """Return a release as page and feed show it."""
    kinds = {
        "Begins with" if one.first else "Adds": one.added,
        "Distrusts": one.distrusted,
        "Removes": one.removed,
        "Announces": one.incoming,
        "Puts to use": one.active,
        "Retires": one.retiring,
    }
    changes = tuple(ChangeRow(verb, len(found), mentions(found)) for verb, found in kinds.items() if found)
    since = moment(one.withdrawn_at).date().isoformat() if one.withdrawn_at else ""
    day, documents = moment(one.time).date().isoformat(), tuple(one.documents.items())
    return ReleaseRow(one.release, day, changes, one.withdrawn, since, documents)


def _groups(view: SiteView) -> list[tuple[str, list[Guide]]]:
    """Return the guides under the words that people look for."""
    languages = [guide for guide in view.guides if guide.ecosystem in _LANGUAGES]
    systems = [guide for guide in view.guides if guide.ecosystem not in _LANGUAGES]
    return [(title, found) for title, found in (("Systems", systems), ("Languages", languages)) if found]


def _key(key: SiteKey) -> KeyRow:
    if key.kind == "OpenPGP":  # as gpg prints it, in fours
        groups = tuple(key.fingerprint[i : i + 4] for i in range(0, len(key.fingerprint), 4))
        return KeyRow(key, groups)
    return KeyRow(key, grouped(key.fingerprint))


def moment(time: int) -> dt.datetime:
    """Return seconds since 1970 as a time in UTC."""
    return dt.datetime.fromtimestamp(time, dt.UTC)

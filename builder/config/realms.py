"""Realms: an organisation's further bundles, each a whole configuration of its own once it is derived.

What nobody downstream may take for the organisation's own it never has from there: its slug, its CAs, its
names, its release, the place of its site, and the keys that sign.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from builder.config.sections import LONGEST_SLUG, REALM, Config
from builder.errors import UsageError
from builder.text import document
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Of the organisation's, by the keys that lead there: what no realm has from it.
_OWN = (
    ("realms",),
    ("bundle",),
    ("lifecycle", "authorities"),
    ("names",),
    ("release",),
    ("site",),
    ("organisation", "name"),
    ("organisation", "summary"),
    ("organisation", "description"),
    ("repository", "keys"),
    ("repository", "signer"),
    ("publish", "github"),
)


def derived(whole: document.Document, config: Config, name: str) -> document.Document:
    """Return a realm as a configuration of its own, each of its keys where it stands in the whole file."""
    above: tuple[str, ...] = ("realms", name)
    value = _without(whole.value, ())
    given = whole.value["realms"][name]
    if "approvals" in given:  # as a whole: an approver of the organisation's is none of the realm's
        value.pop("approvals", None)
    _lay(value, {key: item for key, item in given.items() if key != "name"})
    owner, section = config.organisation, config.realms[name]
    title = owner.name or owner.slug.replace("-", " ").title()
    _lay(
        value,
        {
            "organisation": {"slug": f"{owner.slug}-{name}", "name": section.name or f"{title} ({name})"},
            "repository": {"keys": given.get("repository", {}).get("keys") or _keys(config, name)},
        },
    )
    if config.npm_scope and section.npm_scope is None and "npm" not in section.names:
        # The scope's other package, @acme/ca, is the organisation's.
        _lay(value, {"names": {"npm": f"{config.npm_scope}/{name}-ca"}})
    lines = {path: line for path, line in whole.lines.items() if not _is_own(path)}
    lines |= {path[2:]: line for path, line in whole.lines.items() if path[:2] == above}
    lines["organisation", "slug"] = whole.line(above)
    lines["organisation", "name"] = whole.line((*above, "name"))
    return document.Document(whole.path, value, lines)


def faults(config: Config) -> Iterator[document.Fault]:
    """Yield what is wrong with the realms' names, and what two of them share, or one and the organisation."""
    slug = config.organisation.slug
    taken: dict[tuple[str, str], str] = {}
    for kind, value in _places(config):
        taken[kind, value] = slug
    for name, realm in config.realms.items():
        path = ("realms", name)
        if not re.search(REALM, name):
            hint = "lower-case letters, digits and single hyphens, such as staging"
            yield document.Fault(path, f"realms: '{visible(name)}' is no realm's name", hint)
        elif len(slug) + 1 + len(name) > LONGEST_SLUG:
            said = f"realms: {slug}-{visible(name)}, its slug, is longer than {LONGEST_SLUG} characters"
            yield document.Fault(path, said, "package names start with it: take a shorter name")
        for kind, value in _places(realm):
            where = tuple(kind.split("."))
            if other := taken.get((kind, value)):
                said = f"realms.{visible(name)}.{kind}: is {visible(other)}'s, too"
                yield document.Fault((*path, *where), said, "give each one of its own")
            taken[kind, value] = f"{slug}-{name}"


def named(config: Config, name: str, file: str) -> str:
    """Return a realm's name if the configuration has it; raise UsageError that tells the nearest."""
    if name in config.realms:
        return name
    known = [each for each in config.realms if re.search(REALM, each)]
    hint = document.nearest(name, known) if known else "'trustpack docs realms' tells how to add one"
    raise UsageError(f"--realm {visible(name)}: {visible(file)} has no such realm", hint=hint)


def _places(section: Any) -> Iterator[tuple[str, str]]:
    """Yield where a section's releases go to that has room for one organisation's alone."""
    if section.site:
        yield "site", section.site.rstrip("/")
    if section.publish.github:
        yield "publish.github", section.publish.github.repository.lower()


def _keys(config: Config, name: str) -> str:
    return f"{config.repository.keys.rstrip('/')}-{name}"


def _is_own(path: tuple[str | int, ...]) -> bool:
    return any(path[: len(own)] == own for own in _OWN)


def _without(value: Any, path: tuple[str, ...]) -> Any:
    """Return a copy of the organisation's values without those that are its own."""
    if not isinstance(value, dict):
        return value
    return {key: _without(item, (*path, key)) for key, item in value.items() if not _is_own((*path, key))}


def _lay(value: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Lay what is given over a copy's values: mappings key by key, all else whole."""
    for key, item in given.items():
        if isinstance(item, dict):
            below = value.setdefault(key, {})
            _lay(below, item)
        else:
            value[key] = item

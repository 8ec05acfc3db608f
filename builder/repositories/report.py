"""What was done to a site, as text and as JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from builder.repositories.push import LEFT
from builder.repositories.stores import JOURNAL
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from builder.repositories.check import SiteCheck
    from builder.repositories.export import Exported
    from builder.repositories.fetch import Fetched
    from builder.repositories.publish import Order, Published
    from builder.repositories.push import Pushed
    from builder.repositories.state import SiteState
    from builder.repositories.stores import Action

_SCHEMA = 1
_SHOWN = 5  # names in one line
_DIGITS = 64


def install(state: SiteState) -> str:
    """Return the SHA-256 (hex) of install.sh, which people are to be told elsewhere; empty without one."""
    return state.scripts[-1].removesuffix(".sh")[-_DIGITS:] if state.scripts else ""


def to_json(done: Published, order: Order, *, dry_run: bool) -> str:
    """Return the document that `trustpack repo build --json` and its like print."""
    state = done.state
    value = {
        "schema": _SCHEMA,
        "site": str(order.folder),
        "url": state.url,
        "organisation": state.organisation.slug,
        "counter": state.counter,
        "time": state.time,
        "expires": state.expires,
        "signed": not order.unsigned,
        "dry_run": dry_run,
        "releases": [{"release": one.release, "withdrawn": one.withdrawn} for one in state.releases],
        "install": install(state),
        "written": list(done.written),
        "removed": list(done.removed),
    }
    return json.dumps(value, indent=2) + "\n"


def checked_json(found: SiteCheck, left: AbstractSet[str], *, signed: bool) -> str:
    """Return the document that `trustpack repo check --json` prints; `left` are what pushes have left."""
    state = found.site.state
    value = {
        "schema": _SCHEMA,
        "site": str(found.site.folder),
        "organisation": state.organisation.slug,
        "url": state.url,
        "counter": state.counter,
        "time": state.time,
        "expires": state.expires,
        "signed": signed,
        "files": found.files,
        "verified_by": list(found.verified_by),
        "problems": [{"path": one.path, "problem": one.problem} for one in found.problems],
        "others": [path for path in found.others if path not in left],
        "left": sorted(left),
        "unfinished": found.unfinished,
        "made_by": state.made_by,
        "compared": found.compared,
    }
    return json.dumps(value, indent=2) + "\n"


def checked_text(found: SiteCheck, left: AbstractSet[str]) -> str:
    """Return what people read of a check: each problem in a line, what is not the site's, and a last line.

    `left` are those of its other files that pushes have left.
    """
    lines = [f"{one.path}: {one.problem}" for one in found.problems]
    others = [path for path in found.others if path not in left]
    if others:
        names = ", ".join(others[:_SHOWN])
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        lines.append(f"left alone, because not the site's: {names}{more}")
    if old := left - {LEFT}:
        files = f"{len(old)} file{'s' * (len(old) != 1)}"
        lines.append(f"left by a push for who reads the publication before, until the next push: {files}")
    if found.unfinished:
        lines.append("a publication did not end: run its command again")
    state = found.site.state
    if not found.compared:
        lines.append(f"indexes not compared with the packages: they were made by {state.made_by}")
    until = dt.datetime.fromtimestamp(state.expires, dt.UTC).date()
    count = len(found.problems)
    wrong = f"{count} of {found.files} files {'is' if count == 1 else 'are'} wrong"
    said = wrong if count else f"all {found.files} files as published"
    lines.append(f"{found.site.folder}: publication {state.counter}, valid until {until}: {said}")
    if found.verified_by:
        lines.append(f"signatures verified by {' and '.join(found.verified_by)}")
    return "".join(f"{visible(line)}\n" for line in lines)


def pushed_text(done: Pushed, to: str, *, dry_run: bool) -> str:
    """Return what `trustpack repo push` prints; with `dry_run`, all that it would do."""
    if not done.actions:
        return f"{to}: is as it should be\n"
    if dry_run:
        return "".join(f"{action.verb:7} {action.path}\n" for action in done.actions)
    own = {JOURNAL, LEFT}
    written, removed = ({*_paths(done.actions, verb)} - own for verb in ("write", "remove"))
    return (
        f"{to}: {len(written)} files written, {len(removed)} removed; publication {done.counter}, "
        f"for {done.url}\n"
    )


def pushed_json(done: Pushed, to: str, *, dry_run: bool) -> str:
    """Return the document that `trustpack repo push --json` prints."""
    return _document(
        to=to,
        url=done.url,
        counter=done.counter,
        dry_run=dry_run,
        written=_paths(done.actions, "write"),
        removed=_paths(done.actions, "remove"),
    )


def fetched_text(done: Fetched, source: str, site: Path) -> str:
    """Return what `trustpack repo fetch` prints."""
    said = done.status
    return (
        f"{site}: {len(done.written)} files came from {source}; publication {said.counter}, "
        f"release {said.release or 'none'}\n"
    )


def fetched_json(done: Fetched, source: str, site: Path) -> str:
    """Return the document that `trustpack repo fetch --json` prints."""
    said = done.status
    return _document(
        source=source,
        site=str(site),
        organisation=said.organisation,
        release=said.release,
        counter=said.counter,
        time=said.time,
        expires=said.expires,
        written=done.written,
        removed=done.removed,
        stale=done.stale,
    )


def exported_json(done: Exported, file: Path) -> str:
    """Return the document that `trustpack repo export --json` prints."""
    return _document(file=str(file), files=done.files, counter=done.counter)


def _paths(actions: Sequence[Action], verb: str) -> list[str]:
    return [action.path for action in actions if action.verb == verb]


def _document(**values: Any) -> str:
    return json.dumps({"schema": _SCHEMA, **values}, indent=2) + "\n"

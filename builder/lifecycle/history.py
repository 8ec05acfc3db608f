"""The history in trustpack.lock: every release so far, and what each changed in what is trusted."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import msgspec

from builder.errors import LockError, ReleaseError
from builder.model import release as releases
from builder.model.release import Release, Revision
from builder.render.changelog import notes
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.lifecycle.lock import Lock, Locked
    from builder.text.document import Document

_RESTORE = "only 'trustpack lock' writes it: restore the file as it was committed"
CHANGES = ("added", "removed", "distrusted", "forgiven")  # in this order in each release of the file

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
_Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the file; an unknown key is an error."""


class Named(Strict, frozen=True):
    """One CA as the history names it."""

    sha256: Digest
    subject: str


class Issue(Strict, frozen=True):
    """One release: its UTC day, the digest of its content, and what it changed in what is trusted.

    `distrusted` are blocked from then on, and `forgiven` no longer.
    """

    release: str
    date: _Day
    content: Digest
    added: list[Named] = []
    removed: list[Named] = []
    distrusted: list[Named] = []
    forgiven: list[Named] = []


def revisions(lock: Lock) -> tuple[Revision, ...]:
    """Return every release of a lock as packages' changelogs tell it, the newest first."""
    return tuple(
        Revision(
            release=issue.release,
            date=issue.date,
            notes=(
                *notes("Trust", issue.added),
                *notes("No longer trust", issue.removed),
                *notes("Distrust", issue.distrusted),
                *notes("No longer distrust", issue.forgiven),
            )
            or ("The same certificates.",),
        )
        for issue in lock.history
    )


def check_order(history: Sequence[Issue], parsed: Document) -> None:
    """Raise LockError for a release or a day that is none, and for releases out of their order."""
    for i, issue in enumerate(history):
        try:
            releases.stored(issue.release)
            dt.date.fromisoformat(issue.date)
        except (ReleaseError, ValueError) as error:
            raise LockError(f"{parsed.where(('history', i))}: {error}") from error
    for i, (newer, older) in enumerate(pairwise(history)):
        if Release(newer.release).numbers <= Release(older.release).numbers:
            raise LockError(
                f"{parsed.where(('history', i))}: release {newer.release} does not follow {older.release}",
                hint="if two branches made a release each, take one of them out and run 'trustpack lock'",
            )


def check_story(history: Sequence[Issue], certificates: Sequence[Locked], where: str) -> None:
    """Raise LockError unless the releases' changes lead to `certificates`, and call each CA by its name.

    People read them in packages' changelogs. Only the end counts: where two branches made a release each,
    what the first of them changed is in the second's content, too.
    """
    trusted: set[str] = set()
    blocked: set[str] = set()
    names = {item.sha256: item.subject for item in certificates}
    for issue in reversed(history):
        trusted = trusted - _keys(issue.removed) | _keys(issue.added)
        blocked = blocked - _keys(issue.forgiven) | _keys(issue.distrusted)
        for named in (named for key in CHANGES for named in getattr(issue, key)):
            if names.setdefault(named.sha256, named.subject) != named.subject:
                said = visible(f"calls the CA {named.sha256} {named.subject}, not {names[named.sha256]}")
                raise LockError(f"{where}: release {issue.release} {said}", hint=_RESTORE)
    shipped = {item.sha256 for item in certificates if item.shipped}
    distrusted = {item.sha256 for item in certificates if not item.shipped}
    if (trusted, blocked) != (shipped, distrusted):
        raise LockError(f"{where}: its history does not lead to the CAs that it lists", hint=_RESTORE)


def _keys(named: Sequence[Named]) -> set[str]:
    return {item.sha256 for item in named}

"""One CA as people read it: its short name, its digits in groups, its days."""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from builder.model.domains import told
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import CertificateSummary
    from builder.repositories.page.timeline import Bar, Timeline

# RFC 4514: a value ends at an unescaped comma or plus.
_COMMON_NAME = re.compile(r"(?:^|[,+])(?:CN|cn)=((?:\\.|[^\\,+])*)", re.DOTALL)
_ORGANISATION = re.compile(r"(?:^|[,+])(?:O|o)=((?:\\.|[^\\,+])*)", re.DOTALL)
_ESCAPED = re.compile(r'\\([ "#+,;<=>\\])')
_GROUP = 8  # digits that an eye takes in at once
_LONG = 120  # characters of a name

_ORDER = ("active", "incoming", "retiring", "distrusted", "withdrawn")


class AuthorityRow(msgspec.Struct, frozen=True):
    """What the page says of one CA; `bar` is None and days are empty where its dates are not known."""

    name: str
    subject: str
    sha256: str
    groups: tuple[str, ...]
    state: str
    remarks: tuple[str, ...]
    begins: str = ""
    ends: str = ""
    ended: bool = False
    bar: Bar | None = None


class Mention(msgspec.Struct, frozen=True):
    """A CA where only its name and digest are said."""

    name: str
    sha256: str


def rows(
    certificates: tuple[CertificateSummary, ...],
    axis: Timeline | None,
    now: dt.datetime,
    *,
    state: str = "",
    limits: Mapping[str, str] = MappingProxyType({}),
) -> tuple[AuthorityRow, ...]:
    """Return CAs as the page shows them, by their states and names; `state` is that of all, if given.

    `limits` is what their own certificates say of names, in words, by their SHA-256.
    """
    found = [
        _row(one, axis, now, state=state or one.state or "active", limits=limits.get(one.sha256, ""))
        for one in certificates
    ]
    return tuple(sorted(found, key=lambda row: (_ORDER.index(row.state), _sortable(row.name), row.sha256)))


def mentions(certificates: tuple[CertificateSummary, ...]) -> tuple[Mention, ...]:
    """Return CAs as a list of changes names them, by their names."""
    found = [Mention(named(one), one.sha256) for one in certificates]
    return tuple(sorted(found, key=lambda one: (_sortable(one.name), one.sha256)))


def named(one: CertificateSummary) -> str:
    """Return what people call a CA: its common name, else its organisation, else all of its subject."""
    for pattern in (_COMMON_NAME, _ORGANISATION):
        if (found := pattern.search(one.subject)) and found[1].strip():
            return shortened(_ESCAPED.sub(r"\1", found[1]).strip())
    return shortened(one.subject.strip() or "no name")


def shortened(text: str) -> str:
    """Return a name, or the most of it that anybody reads, with its controls made visible."""
    shown = visible(text)
    return shown if len(shown) <= _LONG else f"{shown[: _LONG - 1]}…"


def grouped(digits: str) -> tuple[str, ...]:
    """Return digits in groups; put together they are the digits again."""
    return tuple(digits[i : i + _GROUP] for i in range(0, len(digits), _GROUP))


def _sortable(name: str) -> tuple[str | int, ...]:
    """Return a name to sort by: R10 comes after R9."""
    # Texts and numbers take turns, so that a text is never compared with a number.
    parts = re.split(r"([0-9]+)", name.lower())
    return tuple(int(part) if at % 2 else part for at, part in enumerate(parts))


def _row(
    one: CertificateSummary, axis: Timeline | None, now: dt.datetime, *, state: str, limits: str
) -> AuthorityRow:
    name = named(one)
    return AuthorityRow(
        name,
        _rest(one.subject, name),
        one.sha256,
        grouped(one.sha256),
        state,
        _remarks(one, limits),
        begins=_day(one.not_before),
        ends=_day(one.not_after),
        ended=one.not_after is not None and one.not_after < now,
        bar=axis.bar(one) if axis else None,
    )


def _rest(subject: str, name: str) -> str:
    """Return a subject without the name in front of it, which is said already."""
    return "" if subject == name else subject.removeprefix(f"CN={name}").removeprefix(",")


def _remarks(one: CertificateSummary, limits: str) -> tuple[str, ...]:
    said = {"": one.key, "meant for ": told(one.domains), "its own certificate ": limits}
    said |= {"since ": one.since, "until ": one.until, "owner: ": one.owner}
    return tuple(f"{words}{value}" for words, value in (said | {"see ": one.evidence}).items() if value)


def _day(moment: dt.datetime | None) -> str:
    return moment.astimezone(dt.UTC).date().isoformat() if moment else ""

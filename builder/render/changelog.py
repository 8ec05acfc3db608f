"""What each release changed: in Markdown and as deb-changelog(5)."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Protocol

from builder.model import Revision
from builder.text.quoting import FILTERS, Quoted, visible

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from builder.model import Bundle


class _Authority(Protocol):
    @property
    def sha256(self) -> str: ...
    @property
    def subject(self) -> str: ...


_WIDTH = 78
_SHORT = 16
# deb-changelog(5) has English names, whatever the locale says.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def of_release(release: str, day: dt.date, bundle: Bundle) -> tuple[Revision, ...]:
    """Return the one entry of a release without a history: all that it trusts and distrusts."""
    said = (*notes("Trust", bundle.certificates), *notes("Distrust", bundle.distrusted))
    return (Revision(release, day.isoformat(), said),)


def debian(history: Iterable[Revision], *, name: str, maintainer: str) -> str:
    """Return a Debian changelog; each entry is dated the midnight of its release's day."""
    return "\n".join(_stanza(one, name, maintainer) for one in history)


def markdown(history: Iterable[Revision], *, level: int) -> Quoted:
    """Return one section a release; `level` is that of its headings."""
    marks = "#" * level
    return Quoted("\n".join(f"{marks} {one.release} ({one.date})\n\n{_list(one)}" for one in history))


def notes(verb: str, authorities: Iterable[_Authority]) -> list[str]:
    """Return a sentence for each CA: what a release does to it."""
    return [f"{verb} {visible(one.subject)} ({one.sha256[:_SHORT]})." for one in authorities]


def _list(one: Revision) -> str:
    return "".join(f"- {FILTERS['markdown'](note)}\n" for note in one.notes)


def _stanza(one: Revision, name: str, maintainer: str) -> str:
    notes = "\n".join(
        textwrap.fill(note, _WIDTH, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)
        for note in one.notes
    )
    head = f"{name} ({one.release}) unstable; urgency=medium"
    return f"{head}\n\n{notes}\n\n -- {maintainer}  {_stamp(one.date)}\n"


def _stamp(day: str) -> str:
    import datetime as dt

    date = dt.date.fromisoformat(day)
    month = _MONTHS[date.month - 1]
    return f"{_DAYS[date.weekday()]}, {date.day:02} {month} {date.year} 00:00:00 +0000"

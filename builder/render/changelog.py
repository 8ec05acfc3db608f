"""What each release changed: in Markdown and as deb-changelog(5)."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Protocol

from builder.model import Release, Revision
from builder.model.domains import told
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


class _Limited(_Authority, Protocol):
    @property
    def domains(self) -> tuple[str, ...]: ...


_WIDTH = 78
# deb-changelog(5) has English names, whatever the locale says.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def of_release(release: str, day: dt.date, bundle: Bundle) -> tuple[Revision, ...]:
    """Return the one entry of a release without a history: all that it trusts and distrusts."""
    limited = [one for one in bundle.certificates if one.domains]
    said = (
        *notes("Trust", bundle.certificates),
        *notes("Distrust", bundle.distrusted),
        *meant(limited),
    )
    known = Release(release)
    return (Revision(release, day.isoformat(), said, known.counter if known.day == day else 0),)


def debian(history: Iterable[Revision], *, name: str, maintainer: str) -> str:
    """Return a Debian changelog; each entry has its release's time."""
    return "\n".join(_stanza(one, name, maintainer) for one in history)


def markdown(history: Iterable[Revision], *, level: int) -> Quoted:
    """Return one section a release; `level` is that of its headings.

    Only a day's first release does without a time.
    """
    marks = "#" * level
    return Quoted("\n".join(f"{marks} {one.release} ({_when(one)})\n\n{_list(one)}" for one in history))


def notes(verb: str, authorities: Iterable[_Authority]) -> list[str]:
    """Return a sentence for each CA: what a release does to it, with its whole SHA-256 to be pasted."""
    return [f"{verb} {visible(one.subject)} ({one.sha256})." for one in authorities]


def meant(authorities: Iterable[_Limited]) -> list[str]:
    """Return a sentence for each CA: which names its owner means it for.

    Not that it is trusted for these alone: that is for the target to keep to, and not each can.
    """
    return [
        f"{visible(one.subject)} ({one.sha256}) is meant for {told(one.domains) or 'all names'}."
        for one in authorities
    ]


def _when(one: Revision) -> str:
    return f"{one.date} {one.moment:%H:%M} UTC" if one.minute else one.date


def _list(one: Revision) -> str:
    return "".join(f"- {FILTERS['markdown'](note)}\n" for note in one.notes)


def _stanza(one: Revision, name: str, maintainer: str) -> str:
    notes = "\n".join(
        textwrap.fill(note, _WIDTH, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)
        for note in one.notes
    )
    head = f"{name} ({one.release}) unstable; urgency=medium"
    return f"{head}\n\n{notes}\n\n -- {maintainer}  {_stamp(one.moment)}\n"


def _stamp(moment: dt.datetime) -> str:
    month = _MONTHS[moment.month - 1]
    return f"{_DAYS[moment.weekday()]}, {moment.day:02} {month} {moment.year} {moment:%H:%M}:00 +0000"

"""Users' names taken out of hosts' reports: each becomes user-1, user-2 …, the same wherever it stands.

Same reports, same numbers. It takes names out of what is shown; whoever knows the hosts may still guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from builder.doctor.host_report import HostReport, StoreFinding

# Nobody's own: what every machine has.
_EVERYBODYS = frozenset({"", "root", "SYSTEM", "Administrator", "Public", "Shared", "Default", "nobody"})
_HOME = re.compile(
    r"(?:/(?:var/)?home/|/Users/|[\\/]Users[\\/])"
    r"(?P<name>[^/\\:;\"'\r\n]{1,256}(?=[/\\])|[^/\\\s:;\"']{1,256})"
)
_WORD = re.compile(r"[^\s/\\:;,=\"'()<>@]+")


def redacted(reports: Iterable[HostReport]) -> list[HostReport]:
    """Return the reports without users' names."""
    found = list(reports)
    names = sorted({name for one in found for name in _names(one)} - _EVERYBODYS)
    placeholders = {name: f"user-{number}" for number, name in enumerate(names, start=1)}

    def called(found: re.Match[str]) -> str:
        return found[0].removesuffix(found["name"]) + placeholders.get(found["name"], found["name"])

    def said(text: str) -> str:
        # A name with a space in it is one in a path; elsewhere it may stand as a word.
        return _WORD.sub(lambda word: placeholders.get(word[0], word[0]), _HOME.sub(called, text))

    return [_without(one, said, placeholders) for one in found]


def _names(report: HostReport) -> Iterable[str]:
    yield from report.users
    for one in report.findings:
        for text in (one.where, one.what, one.problem, one.mend):
            yield from _HOME.findall(text)


def _without(report: HostReport, said: Callable[[str], str], names: dict[str, str]) -> HostReport:
    def finding(one: StoreFinding) -> StoreFinding:
        return msgspec.structs.replace(
            one,
            what=said(one.what),
            where=said(one.where),
            problem=said(one.problem),
            mend=said(one.mend),
            user=names.get(one.user, one.user),
        )

    findings: Sequence[StoreFinding] = tuple(map(finding, report.findings))
    return msgspec.structs.replace(
        report,
        user=names.get(report.user, report.user),
        users=frozenset(names.get(one, one) for one in report.users),
        findings=findings,
    )

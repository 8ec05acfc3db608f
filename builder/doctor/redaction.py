"""Users' names taken out of hosts' reports: each becomes user-1, user-2 …, the same wherever it stands.

Same reports, same numbers. It takes names out of what is shown; whoever knows the hosts may still guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from builder.doctor.host_report import HostReport, StoreFinding

# Nobody's own: what every machine has.
_EVERYBODYS = frozenset({"", "root", "SYSTEM", "Administrator", "Public", "Shared", "Default", "nobody"})
_IN_PATHS = re.compile(
    r"(?:/(?:var/)?home/|/Users/|[\\/]Users[\\/])"
    r"(?P<name>[^/\\:;\"'\r\n]{1,256}(?=[/\\])|[^/\\\s:;\"']{1,256})"
)
_MOST_OWN = 200  # users of one host that are looked for inside words; a thousand would take minutes
_WORD = re.compile(r"[^\s/\\:;,=\"'()<>@]+")


def redacted(reports: Iterable[HostReport]) -> list[HostReport]:
    """Return the reports without users' names."""
    found = list(reports)
    names = sorted({name for one in found for name in (*one.users, *_names(one))} - _EVERYBODYS)
    placeholders = {name: f"user-{number}" for number, name in enumerate(names, start=1)}
    return [_without(one, _sayer(_names(one), placeholders), placeholders) for one in found]


def _names(report: HostReport) -> Iterable[str]:
    """Yield the users that a host's findings are about, and those whose homes are in a path of them."""
    yield report.user
    for one in report.findings:
        yield one.user
        for text in (one.where, one.what, one.problem, one.mend):
            yield from (match["name"] for match in _IN_PATHS.finditer(text))


def _sayer(users: Iterable[str], placeholders: Mapping[str, str]) -> Callable[[str], str]:
    """Return what takes names out of a host's texts: its own users' wherever they stand, others' as words."""
    known = [name for name in dict.fromkeys(users) if name in placeholders][:_MOST_OWN]
    own = {form: placeholders[name] for name in known for form in _forms(name)}
    spelled = sorted(map(re.escape, own), key=lambda form: (-len(form), form))
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(spelled) or '(?!)'})(?![^\W_])")

    def said(text: str) -> str:
        shown = pattern.sub(lambda found: own[found[0]], text)
        return _WORD.sub(lambda word: placeholders.get(word[0], word[0]), shown)

    return said


def _forms(name: str) -> tuple[str, ...]:
    """Return a name as it stands in texts, and inside a shell's quotes if it has one itself."""
    return (name, name.replace("'", "'\"'\"'"), name.replace("'", "'\\''"))


def _without(report: HostReport, said: Callable[[str], str], names: Mapping[str, str]) -> HostReport:
    def finding(one: StoreFinding) -> StoreFinding:
        return msgspec.structs.replace(
            one,
            what=said(one.what),
            where=said(one.where),
            problem=said(one.problem),
            mend=said(one.mend),
            user=names.get(one.user, one.user),
        )

    return msgspec.structs.replace(
        report,
        user=names.get(report.user, report.user),
        description=said(report.description),
        users=frozenset(names.get(one, one) for one in report.users),
        authorities=tuple(
            one if one.state else msgspec.structs.replace(one, subject=said(one.subject))
            for one in report.authorities
        ),
        findings=tuple(map(finding, report.findings)),
    )

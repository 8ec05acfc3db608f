"""What lint found, as text for people, as JSON, and as SARIF 2.1.0 for code-scanning tools."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from builder import __version__
from builder.lint.measured import builds, siblings
from builder.model import Severity
from builder.rules import RULES
from builder.text import urls
from builder.text.printed import printed
from builder.text.times import stamp
from builder.x509.x500 import escape

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from builder.lint.known import ListDate
    from builder.lint.runtimes import Verdict
    from builder.model import Certificate, Finding

_SARIF_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_URI_SAFE = "/:?#[]@!$&'()*+,;=%~"  # what has a meaning in an address stays as it is (RFC 3986)
_SHOWN_NOTES = 3
_MARKS = {"accepts": "yes", "refuses": "NO", "within constraints": "limited", "not measured": "?"}


class Age(msgspec.Struct, frozen=True):
    """Of which day the list of known roots is, and how old that makes it."""

    listed: ListDate
    now: dt.datetime

    @property
    def days(self) -> int:
        """How many days old the list is."""
        return self.listed.days(self.now)

    def as_json(self) -> dict[str, Any]:
        """Return it as the documents have it."""
        return {"as_of": str(self.listed.as_of), "source": self.listed.source, "days_old": self.days}


def as_text(
    certificates: Sequence[Certificate],
    findings: Sequence[Finding],
    verdicts: Mapping[str, tuple[Verdict, ...]],
    age: Age,
) -> str:
    """Return findings by rule, the worst first, a table of verdicts, an age, and a line that counts."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: (-f.severity, f.rule)):
        by_rule.setdefault(f"{finding.severity.name.lower()}: {finding.rule}", []).append(finding)
    lines = [line for title, group in by_rule.items() for line in _group(title, group)]
    lines += _table(certificates, verdicts)
    lines.append(
        f"known roots: as of {age.listed.as_of}, {_count(age.days, 'day')} old ({age.listed.source})"
    )
    counts = Counter(finding.severity for finding in findings)
    said = [_count(counts[severity], severity.name.lower()) for severity in sorted(Severity, reverse=True)]
    lines.append(f"{_count(len(certificates), 'certificate')}: {', '.join(said)}")
    return "".join(f"{escape(line)}\n" for line in lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _group(title: str, group: Sequence[Finding]) -> Iterator[str]:
    rule = RULES[group[0].rule]
    yield f"{title}: {rule.why}"
    shown = group[:_SHOWN_NOTES] if group[0].severity is Severity.NOTE else group
    for finding in shown:
        yield f"  {finding.origin}: {finding.message}"
        if finding.fingerprint:
            yield f"    SHA-256 {finding.fingerprint}"
        if _own_way_out(finding):
            yield f"    To do: {finding.hint}."
    if len(shown) < len(group):
        yield f"  and {len(group) - len(shown)} more; --format json names them all"
    if not all(map(_own_way_out, group)):
        yield f"  To do: {rule.todo}."
    yield ""


def _own_way_out(finding: Finding) -> str:
    """Return what to do about this finding; empty where it is what its rule says."""
    return "" if finding.hint == RULES[finding.rule].todo else finding.hint


def _table(certificates: Sequence[Certificate], verdicts: Mapping[str, tuple[Verdict, ...]]) -> Iterator[str]:
    """Yield one line for each certificate: which runtimes accept servers under it."""
    names = [verdict.runtime for verdict in next(iter(verdicts.values()), ())]
    if not names:
        return
    yield "Do servers under this root verify?"
    for item in certificates:
        cells = zip(names, verdicts[item.sha256], strict=True)
        marks = "  ".join(f"{name} {_MARKS[verdict.outcome]:<7}" for name, verdict in cells)
        yield f"  {marks} {item.label}"
        blamed = {rule: None for verdict in verdicts[item.sha256] for rule in verdict.because}
        if blamed:
            yield f"    because of {', '.join(blamed)}"
        some = [build for verdict in verdicts[item.sha256] for build in verdict.builds]
        if some:
            yield f"    NO is the answer of {', '.join(some)}; other builds that were measured accept"
    for name in names:
        if not builds(name):
            yield f"  ? {name} was not measured, as {', '.join(siblings(name))} were"
    yield ""


def as_json(
    certificates: Sequence[Certificate],
    findings: Sequence[Finding],
    verdicts: Mapping[str, tuple[Verdict, ...]],
    age: Age,
    *,
    limits: Mapping[str, Any],
) -> str:
    """Return certificates, findings, verdicts, limits and the age of known roots as one JSON object."""
    value = {
        "certificates": [_certificate(item, verdicts.get(item.sha256, ())) for item in certificates],
        "findings": [_finding(finding) for finding in findings],
        "known_roots": age.as_json(),
        "limits": limits,
    }
    return printed(value)


def _certificate(item: Certificate, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "label": item.label,
        "subject": item.subject,
        "issuer": item.issuer,
        "sha256": item.sha256,
        "spki_sha256": item.spki_sha256,
        "file": item.origin.path,
        "line": item.origin.line,
        "not_before": stamp(item.not_before),
        "not_after": stamp(item.not_after),
        "key": item.key,
        "runtimes": {
            verdict.runtime: {"outcome": verdict.outcome, "because": list(verdict.because)}
            | ({"builds": list(verdict.builds)} if verdict.builds else {})
            for verdict in verdicts
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "file": finding.origin.path,
        "line": finding.origin.line,
        "fingerprint": finding.fingerprint,
        "message": finding.message,
        "why": RULES[finding.rule].why,
        "todo": _own_way_out(finding) or RULES[finding.rule].todo,
    }


def as_sarif(findings: Sequence[Finding], age: Age, *, root: Path) -> str:
    """Return the findings as a SARIF log with one run and every rule that it names.

    `root` is the absolute path of the folder that the findings' paths, and the log's addresses, start from.
    """
    ids = sorted({finding.rule for finding in findings})
    driver = {
        "name": "trustpack",
        "version": __version__,
        "rules": [_sarif_rule(rule) for rule in ids],
    }
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "properties": {"knownRoots": age.as_json()},
        "results": [_sarif_result(finding, ids, root, seen) for finding in findings],
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _sarif_rule(id_: str) -> dict[str, Any]:
    rule = RULES[id_]
    return {
        "id": id_,
        "shortDescription": {"text": f"{rule.why}."},
        "fullDescription": {"text": f"{rule.why}; {rule.todo}."},
        "help": {"text": f"{rule.todo}."},
        "defaultConfiguration": {"level": _SARIF_LEVEL[rule.severity]},
        "properties": {"group": rule.group, "tags": [rule.group]},
    }


def _sarif_result(finding: Finding, ids: Sequence[str], root: Path, seen: Counter[str]) -> dict[str, Any]:
    """Return one result; `seen` counts those that would have the same fingerprint."""
    uri = _sarif_uri(finding.origin.path, root)
    # By what the finding is about, wherever it moves to: a certificate, or else a file.
    same = hashlib.sha256(f"{finding.rule}\0{finding.fingerprint or uri}".encode()).hexdigest()[:32]
    seen[same] += 1
    # GitHub's own name for it, primaryLocationLineHash, is kept for what its upload computes from the file.
    prints = {"trustpackFinding/v1": f"{same}:{seen[same]}"}
    if finding.fingerprint:
        prints["certificateSha256/v1"] = finding.fingerprint
    place = {
        "artifactLocation": {"uri": uri},
        # GitHub shows no alert without a line; what is about the whole file is shown at its first.
        "region": {"startLine": finding.origin.line or 1},
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": _SARIF_LEVEL[finding.severity],
        "message": {"text": _sarif_message(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": prints,
    }


def _sarif_message(finding: Finding) -> str:
    """Return what is wrong, and what to do where that is not what the rule says itself."""
    return "; ".join(filter(None, (finding.message, _own_way_out(finding))))


def _sarif_uri(path: str, root: Path) -> str:
    """Return a path's URI, from `root` for what lies in it: code scanning finds no other file."""
    if urls.is_address(path):
        return quote(path, safe=_URI_SAFE)
    file = Path(os.path.normpath(root / path))
    if file.is_relative_to(root):
        return quote(os.fsencode(file.relative_to(root)))
    return f"file://{quote(os.fsencode(file))}"

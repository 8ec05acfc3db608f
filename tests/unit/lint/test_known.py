"""The list of known roots: read whole, dated, and made from certifi's releases."""

from __future__ import annotations

import csv
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import certifi
import pytest
from msgspec.structs import replace

from builder.lint import Policy, known, lint
from builder.load import load
from builder.model import Origin
from tests.lint import forge, known_roots

_ROOT = Path(__file__).parents[3]
_YEAR = dt.timedelta(days=365)
_LISTED = known.list_date()
_DAY = dt.datetime.combine(_LISTED.as_of, dt.time(12), tzinfo=dt.UTC)


def _rows() -> list[dict[str, str]]:
    return list(csv.DictReader(known.TABLE.read_text("utf-8").splitlines()))


def test_a_root_is_known_with_its_whole_reason() -> None:
    """What lint says of a root is the table's reason to the last word, commas and all."""
    (root,) = load(["-"], stdin=forge.certificate()).certificates
    said = {row["sha256"]: known.look_up(replace(root, sha256=row["sha256"])) for row in _rows()}

    assert {row["sha256"]: known.Known(row["status"], row["reason"]) for row in _rows()} == said


@pytest.mark.parametrize("name", ["SecureSign Root CA12", "FIRMAPROFESIONAL CA ROOT-A WEB"])
def test_roots_that_mozilla_removed_this_year_are_known(name: str) -> None:
    """What left Mozilla's list between two releases of one year is not forgotten."""
    (row,) = [row for row in _rows() if f"CN={name}," in row["subject"]]

    assert row["status"] == "removed"
    assert "(last in certifi 2026." in row["reason"]


def test_no_public_root_is_unknown() -> None:
    """All roots of certifi, as the tests have it, are in the list."""
    loading = load([certifi.where()])

    assert [] == [root.label for root in loading.certificates if known.look_up(root) is None]


def test_the_list_is_of_the_day_of_the_last_release_that_is_pinned() -> None:
    """The date in the product is that of the newest release which the script read."""
    newest = list(known_roots.pins())[-1]

    assert (known_roots.date(newest), f"certifi {newest}") == (_LISTED.as_of, _LISTED.source)
    assert "2019.3.9" == next(iter(known_roots.pins()))


def test_what_the_newest_release_lacks_was_removed() -> None:
    """A root of older releases alone is removed since the last of them; rows of other sources stay."""
    made = [forge.certificate(forge.elliptic(number), subject=forge.name(f"R{number}")) for number in (1, 2)]
    old, new = (load(["-"], stdin=der).certificates for der in made)
    other = {"sha256": "c", "spki_sha256": "", "status": "compromised", "reason": "r", "subject": ""}

    rows = known_roots.merged([other], {"2020.1.1": old, "2021.1.1": (*old, *new), "2022.1.1": new})

    left = "once a public root, since removed from the Mozilla list (last in certifi 2021.1.1)"
    assert [
        ("c", "compromised", "r", ""),
        (new[0].sha256, "public", "in the Mozilla list (certifi 2022.1.1)", "2021.1.1"),
        (old[0].sha256, "removed", left, "2020.1.1"),
    ] == [(row["sha256"], row["status"], row["reason"], row.get("since", "")) for row in rows]


@pytest.mark.parametrize(("later", "rules"), [(_YEAR, []), (_YEAR + dt.timedelta(days=1), ["old-list"])])
def test_a_list_over_a_year_old_is_a_note(later: dt.timedelta, rules: list[str]) -> None:
    """After a year lint says that what was removed since is not found."""
    assert rules == [finding.rule for finding in known.age(_DAY + later, Origin("roots.pem"))]


def test_a_list_is_never_younger_than_new() -> None:
    """Under a clock that is behind, the list is no days old."""
    assert _LISTED.days(_DAY - _YEAR) == 0


def test_lint_says_how_old_its_list_is(tmp_path: Path) -> None:
    """Text, JSON and SARIF all have the day, the source and the age, and the note."""
    (tmp_path / "root.pem").write_bytes(forge.pem(forge.certificate()))

    def run(form: str) -> str:
        command = ["env", "-i", f"PYTHONPATH={_ROOT}", sys.executable, "-m", "builder", "lint", "root.pem"]
        command += ["--format", form, "--now", str(_LISTED.as_of + dt.timedelta(days=400))]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout

    value = {"as_of": str(_LISTED.as_of), "source": _LISTED.source, "days_old": 400}
    document, (log,) = json.loads(run("json")), json.loads(run("sarif"))["runs"]
    assert f"known roots: as of {_LISTED.as_of}, 400 days old ({_LISTED.source})\n" in run("text")
    assert value == document["known_roots"] == log["properties"]["knownRoots"]
    assert "old-list" in {finding["rule"] for finding in document["findings"]}
    assert "old-list" in {result["ruleId"] for result in log["results"]}


def test_a_removed_root_is_refused_with_its_reason() -> None:
    """The error says why the root is no longer public, to the end of the sentence."""
    row = next(row for row in _rows() if row["status"] == "removed")
    (root,) = load(["-"], stdin=forge.certificate()).certificates

    _, findings = lint([replace(root, sha256=row["sha256"])], now=forge.NOW, policy=Policy())

    (message,) = [finding.message for finding in findings if finding.rule == "removed-root"]
    assert message.endswith(f"is a removed root: {row['reason']}")

"""Every file of tests/data/bad has one fault, and its folder is the rule that must find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.lint import Policy, lint
from builder.load import load
from builder.model import Finding, Severity
from builder.rules import RULES
from tests.lint.faults import FAULTS
from tests.lint.forge import NOW

_FOLDER = Path(__file__).parents[1] / "data" / "bad"
_FILES = sorted(path.relative_to(_FOLDER).as_posix() for path in _FOLDER.rglob("*") if path.is_file())
# Faults that cannot come alone, and what comes with them.
_ALSO = {
    "distrusted-certificate/*": {"trusted-certificate"},
    "malformed-marker/*": {"unbalanced-markers", "bad-base64"},
    "private-key/*": set(RULES),  # whatever else is wrong, the key is what counts
    **{f"{rule}/*": {"rsa-2048-after-2030"} for rule in ("rsa-pss-key", "short-rsa", "small-exponent")},
    "sha1-signature/of-an-issuer.pem": {"intermediate"},
}


def _findings(name: str) -> tuple[Finding, ...]:
    loading = load([_FOLDER / name])
    _, findings = lint(loading.certificates, now=NOW, policy=Policy())
    return loading.findings + findings


@pytest.mark.parametrize("name", _FILES)
def test_each_fault_is_found_by_its_rule_and_no_other(name: str) -> None:
    """A file with one fault has findings of the rule it is filed under, and no others that are as bad."""
    rule, _, _ = name.partition("/")
    also = _ALSO.get(name, _ALSO.get(f"{rule}/*", set()))
    severity = RULES[rule].severity

    found = {finding.rule for finding in _findings(name) if finding.severity >= severity}

    assert {rule} == found - (also - {rule})


@pytest.mark.parametrize("name", _FILES)
def test_each_finding_names_the_file(name: str) -> None:
    """Every finding names the file as it was given, and a certificate's names its fingerprint, too."""
    for finding in _findings(name):
        assert str(_FOLDER / name) == finding.origin.path
        assert RULES[finding.rule].group == "input" or finding.fingerprint


def test_there_are_enough_faults_for_every_rule() -> None:
    """Every rule that one small file can break has files that break it."""
    elsewhere = {
        "compromised-root",
        "distrusted-key",
        "public-root",
        "removed-root",
        "nothing-left",
        "old-list",
        "unconstrained",
    }
    elsewhere |= {"override-ended", "override-unused"}  # tests/unit/lint has these
    elsewhere |= {"unreadable", "not-a-file", "too-large", "too-many", "passed-over"}  # tests/unit/load
    elsewhere |= {"url-not-pinned", "url-mismatch", "url-failed"}  # tests/lint/test_urls.py

    rules = {name.partition("/")[0] for name in _FILES}

    assert RULES.keys() - elsewhere == rules
    assert len(_FILES) > 300
    assert Severity.ERROR in {RULES[rule].severity for rule in rules}


def test_the_files_are_what_the_script_makes() -> None:
    """`python -m tests.lint.faults` makes the very bytes that are stored."""
    stored = {name: (_FOLDER / name).read_bytes() for name in _FILES}

    assert stored == FAULTS

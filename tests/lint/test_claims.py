"""What the rules say of clients by name is what handshakes showed."""

from __future__ import annotations

import re

import pytest

from builder.lint.measured import Build, measured
from builder.rules import RULES

_STRICT = "Python from 3.13 on"
_NAMES = ("Bun", "Deno", "Go", "Java", "Node", "OpenSSL", "PHP", "Python", "Ruby", "curl")
# The row that a rule's sentence is about, and whom it says to refuse, in its own words.
_REFUSING = {
    "algorithm-mismatch": ("algorithm-mismatch", "Java", "Go", _STRICT),
    "basic-constraints-not-critical": ("basic-constraints-not-critical", _STRICT),
    "dsa": ("dsa", "Go", "Bun", "Deno", "Java"),
    "empty-subject": ("empty-subject", _STRICT, "Java", "curl up to 7.88"),
    "expired": ("expired", "OpenSSL", "Python", "Node", "Go"),
    "intermediate": ("intermediate", "Node", "Ruby", "PHP", "Python up to 3.12"),
    "lax-encoding": ("lax-name", "Go"),
    "no-basic-constraints": ("no-basic-constraints", "Java", "Go", _STRICT),
    "no-key-identifier": ("no-key-identifier", _STRICT),
    "no-key-usage": ("no-key-usage", _STRICT),
    "oversized-rsa": ("rsa-8193-to-16384", "Deno"),
    "rsa-exponent": ("exponent-over-31-bits", "Go from 1.24 on"),
    "rsa-pss-key": ("rsa-pss-key", "Go", "Bun", "Deno"),
    "serial-not-positive": ("serial-negative", "Go from 1.23 on"),
    "short-rsa": ("rsa-1963-to-2047", "Deno"),
    "unknown-signature": ("unknown-signature", "Node", "Ruby", "PHP", "Python up to 3.12"),
    "unsupported-key": ("secp256k1", "Java", "Deno", "Node from 24 on"),
    "weak-rsa": ("rsa-1024-to-1962", "Deno", "curl", "Ruby", "PHP", "Node from 24 on"),
}
_ACCEPTING = {
    "expired": ("expired", "Java", "Deno"),
    "intermediate": ("intermediate", "Go", "Java", "curl"),
    "not-yet-valid": ("not-yet-valid", "Java", "Deno"),
    "short-rsa": ("rsa-1963-to-2047", "OpenSSL"),
}


def _meant(phrase: str) -> list[Build]:
    """Return the builds that a phrase like "Go from 1.24 on" stands for."""
    name, _, bound = phrase.partition(" ")
    limit = [int(part) for part in re.findall(r"\d+", bound)]
    builds = [build for build in measured() if build.runtime.rstrip("0123456789.") == name.lower()]
    if bound.startswith("from"):
        return [build for build in builds if _version(build) >= limit]
    return [build for build in builds if _version(build) <= limit] if bound else builds


def _version(build: Build) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", build.runtime)]


@pytest.mark.parametrize(
    ("rule", "answer", "row", "phrase"),
    [
        (rule, answer, row, phrase)
        for claims, answer in ((_REFUSING, False), (_ACCEPTING, True))
        for rule, (row, *phrases) in claims.items()
        for phrase in phrases
    ],
)
def test_a_rule_says_of_a_runtime_what_it_answered(rule: str, answer: bool, row: str, phrase: str) -> None:
    """Every build that a rule's sentence names refuses, or accepts, as it says."""
    assert phrase in RULES[rule].why
    assert {answer} == {build.answers.get(row) for build in _meant(phrase)}


@pytest.mark.parametrize(
    "rule", [rule for rule, (_, *phrases) in _REFUSING.items() if any(" " in p for p in phrases)]
)
def test_a_version_is_named_where_the_answer_changes(rule: str) -> None:
    """Outside of the versions that a sentence names, the runtime has another answer."""
    row, *phrases = _REFUSING[rule]
    for phrase in phrases:
        others = [build for build in _meant(phrase.partition(" ")[0]) if build not in _meant(phrase)]
        assert False not in {build.answers.get(row) for build in others}


def test_no_sentence_names_a_runtime_without_a_claim_here() -> None:
    """A rule about certificates that names a runtime is in one of the tables above, with that name."""
    for rule in RULES.values():
        claimed = (*_REFUSING.get(rule.id, ()), *_ACCEPTING.get(rule.id, ()))
        named = set(re.findall(rf"\b(?:{'|'.join(_NAMES)})\b", rule.why)) if rule.group != "input" else set()
        assert named <= {phrase.partition(" ")[0] for phrase in claimed}, rule.id

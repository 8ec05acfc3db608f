"""Runtimes by name: which builds were measured, and what is said of those that were not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from builder.errors import UsageError
from builder.lint.measured import EXAMPLES, builds, measured
from builder.lint.runtimes import judge
from builder.load import load
from tests.lint import forge, rare_keys

if TYPE_CHECKING:
    from builder.model import Certificate

_OLDER = ("java8", "java11", "python2.7", "python3", "python3.8", "node0.10", "node16", "ruby1.8", "ruby2.7")
_UNMEASURED = ("java99", "java18", "python3.99", "node21", "go1.99", "curl99.1", "ruby9")
_NOW = forge.NOW


def _root(key: forge.Key | None = None, *more: bytes) -> Certificate:
    (root,) = load(["-"], stdin=forge.certificate(key, extensions=(*forge.GOOD, *more))).certificates
    return root


@pytest.mark.parametrize("runtime", [*_OLDER, "go1", "go1.4", "go1.18", "curl7.74", "perl5", ""])
def test_a_runtime_older_than_those_measured_is_an_error(runtime: str) -> None:
    """Nothing is said about a version that is older than every one that shook hands."""
    with pytest.raises(UsageError) as caught:
        builds(runtime)

    assert f"--for {runtime}: is not a runtime that was measured" == str(caught.value)
    assert f"one of {EXAMPLES}" == caught.value.hint


@pytest.mark.parametrize("runtime", _UNMEASURED)
def test_a_version_that_nobody_measured_is_not_judged_like_another(runtime: str) -> None:
    """A version to come, or between two that were measured, answers "not measured" even for a good root."""
    (verdict,) = judge(_root(), (runtime,), now=_NOW)

    assert ("not measured", ()) == (verdict.outcome, verdict.because)


@pytest.mark.parametrize(
    ("runtime", "kinds"),
    [
        ("python3.12.1", {"python3.12"}),
        ("node24.1", {"node24"}),
        ("java17", {"java17"}),
        ("curl8", {"curl8.14", "curl8.23"}),
        ("go", {build.runtime for build in measured() if build.runtime.startswith("go")}),
    ],
)
def test_a_name_stands_for_the_builds_that_it_begins_like(runtime: str, kinds: set[str]) -> None:
    """A patch version is its minor version; a name without one is every version that was measured."""
    assert kinds == {build.runtime for build in builds(runtime)}


def test_every_example_was_measured() -> None:
    """What messages and help name as examples can be asked for."""
    assert all(builds(name) for name in EXAMPLES.split(", "))


def test_a_property_that_nobody_measured_makes_no_yes() -> None:
    """A standard extension that no root of the tests has was measured nowhere, critical or not."""
    odd = forge.extension("2.5.29.99", b"\x05\x00")

    (verdict,) = judge(_root(None, odd), ("curl",), now=_NOW)

    assert ("not measured", ("unknown-form",)) == (verdict.outcome, verdict.because)


def test_where_builds_differ_the_one_that_refuses_is_named() -> None:
    """Python 3.13 takes a root of ML-DSA on OpenSSL 3.5, and not on 3.0: NO, and who says so."""
    (verdict,) = judge(_root(rare_keys.mldsa_key()), ("python3.13",), now=dt.datetime.now(dt.UTC))

    assert ("refuses", ("ml-dsa",)) == (verdict.outcome, verdict.because)
    assert ("python3.13 with OpenSSL 3.0",) == verdict.builds

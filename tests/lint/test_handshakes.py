"""`lint --for` says what real handshakes show: roots with one property each, and every runtime at hand."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import pytest

from builder.lint import certificate, extensions, measured
from builder.lint.conditions import OUTSIDE, conditions
from builder.lint.identifiers import CALLED
from builder.lint.runtimes import judge
from builder.load import load
from tests.lint import builds, defects, forge, handshakes, measure
from tests.tools import require, require_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.model import Certificate
    from tests.lint.builds import Build
    from tests.lint.handshakes import Trial

_NOW = dt.datetime.now(dt.UTC)
_ROOTS = defects.roots(_NOW)
_HERE = {str(build.column): build for build in builds.here()}
_TABLE = {(build.runtime, build.library): build for build in measured.measured()}


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Serve under each root while the tests of this file run."""
    with handshakes.trial(_ROOTS, tmp_path_factory.mktemp("roots")) as running:
        yield running


def _root(name: str) -> Certificate:
    (certificate,) = load(["-"], stdin=forge.pem(_ROOTS[name].certificate)).certificates
    return certificate


def _check(build: Build, tried: Trial) -> None:
    if build.column not in _TABLE:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain(f"{build.runtime}, {build.version}: python -m tests.lint.measure {build.runtime}")
    known = _TABLE[build.column]
    shown = measure.merged(build.runtime, handshakes.verdicts(build, tried))

    if build.version == known.version:
        assert known.answers == shown
    # An update of Java 17 came to refuse DSA: for builds that nobody measured the table may be too strict.
    too_lax = [name for name, accepted in known.answers.items() if accepted and shown.get(name) is False]
    assert too_lax == [], f"python -m tests.lint.measure {build.runtime}"


@pytest.mark.parametrize("name", [name for name, build in _HERE.items() if not build.fetched])
def test_the_table_has_what_a_handshake_shows(name: str, tried: Trial) -> None:
    """Each runtime accepts and refuses servers under roots with one property just as the table says."""
    _check(_HERE[name], tried)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, build in _HERE.items() if build.fetched])
def test_the_table_has_what_another_version_shows(name: str, tried: Trial) -> None:
    """So do the versions that the tests of packages have no need of."""
    _check(_HERE[name], tried)


def test_the_table_has_what_a_newer_debian_shows(tried: Trial) -> None:
    """Python and curl on OpenSSL 3.5, which knows more keys and signatures, are as the table says."""
    require_mounts()
    for build in builds.inside("trixie", ("python", "curl")):
        _check(build, tried)


@pytest.mark.long
@pytest.mark.parametrize("suite", builds.SUITES)
def test_the_table_has_what_all_of_debian_shows(suite: str, tried: Trial) -> None:
    """All runtimes of every Debian system are as the table says."""
    require_mounts()
    for build in builds.inside(suite):
        _check(build, tried)


def test_the_required_runtimes_are_at_hand() -> None:
    """Python, Node, Java and the rest are here: the table is not believed for want of somebody to ask."""
    for program in ("python3", str(builds.NODES / "node20" / "bin" / "node"), "java", "go", "ruby", "curl"):
        require(program)

    kinds = {build.runtime.rstrip("0123456789.") for build in _HERE.values()}
    assert {"python", "node", "bun", "deno", "java", "go", "ruby", "curl", "wget", "openssl"} <= kinds


@pytest.mark.parametrize("name", _ROOTS)
def test_a_root_has_the_property_that_it_is_named_after(name: str) -> None:
    """Each root is the witness of its own row, and every other property that it has was measured as well."""
    has = conditions(certificate.read(_root(name)), now=_NOW)

    assert name == OUTSIDE or name.partition("/")[0] in has
    assert set() == has - {known.partition("/")[0] for known in _ROOTS}


def test_the_table_has_a_row_for_each_root_and_no_other() -> None:
    """A row that no root stands for would never be measured again."""
    rows = {line.partition(",")[0] for line in measured.TABLE.read_text("utf-8").splitlines()[4:]}

    assert {name.partition("/")[0] for name in _ROOTS} == rows


def test_what_needs_no_table_is_refused_by_nobody() -> None:
    """The extensions and constraints that lint does not look up are taken by all that were measured."""
    called = {CALLED[oid] for oid in certificate.KNOWN_TO_ALL - {extensions.BASIC_CONSTRAINTS}}

    names = {
        f"critical-{name}" for name in called | certificate.UNDERSTOOD_BY_ALL
    } | certificate.UNDERSTOOD_BY_ALL
    assert dict.fromkeys(names, ()) == {name: measured.refusing(name) for name in names}
    assert all(names <= build.answers.keys() for build in measured.measured())


@pytest.mark.parametrize("name", _ROOTS)
def test_a_verdict_is_the_row_of_the_one_property(name: str) -> None:
    """A root that some build refuses for its property is refused by name, and with that reason."""
    condition = name.partition("/")[0]
    if condition == OUTSIDE:
        return
    for build in measured.measured():
        (verdict,) = judge(_root(name), (build.runtime,), now=_NOW)
        answer = build.answers.get(condition)
        if answer is None:
            assert verdict.outcome in {"not measured", "refuses"}
        elif answer is False:
            assert verdict.outcome == "refuses"
            assert condition in verdict.because

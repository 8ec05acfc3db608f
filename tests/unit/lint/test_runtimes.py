"""Runtimes by name: which were measured, and which of them agree."""

from __future__ import annotations

import pytest

from builder.errors import UsageError
from builder.lint.runtimes import EXAMPLES, family

_OLDER = ("java8", "java11", "python2.7", "python3", "python3.8", "node0.10", "node16", "ruby1.8", "ruby2.7")
_FAMILIES = {
    "python3.9": "python",
    "python3.12.1": "python",
    "python3.13": "python3.13",
    "node18": "node",
    "node24.1": "node24",
    "java17": "java",
    "java99": "java",
    "go1.19": "go",
    "go": "go1.23",
    "ruby": "ruby",
    "ruby3.1": "ruby",
    "curl": "curl",
    "curl8": "curl",
}


@pytest.mark.parametrize("runtime", [*_OLDER, "go1", "go1.4", "go1.18", "curl7.74"])
def test_a_runtime_older_than_those_measured_is_an_error(runtime: str) -> None:
    """Nothing is said about a version that is older than every one that shook hands."""
    with pytest.raises(UsageError) as caught:
        family(runtime)

    assert f"--for {runtime}: is not a runtime that was measured" == str(caught.value)
    assert f"one of {EXAMPLES}" == caught.value.hint


@pytest.mark.parametrize("runtime", _FAMILIES)
def test_a_version_belongs_to_the_family_that_was_measured(runtime: str) -> None:
    """The oldest version measured is known, and each later one is judged like its predecessors."""
    assert _FAMILIES[runtime] == family(runtime)

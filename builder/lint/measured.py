"""What real builds of runtimes answered in handshakes under roots of every kind.

`handshakes.csv` is written by tests/lint/measure.py: a column for each build, a row for each property of
tests/lint/defects.py. What has no answer there was not measured.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = Path(__file__).with_name("handshakes.csv")
EXAMPLES = "python3.11, python3.13, node20, node24, java17, go1.26, ruby3.1, curl"
_HEADINGS = ("runtime", "library", "version", "measured")
_ANSWERS = {"yes": True, "no": False}
_NAME = re.compile(r"([a-z]+)([0-9]+(?:\.[0-9]+)*)?")
# Without a version, these differ too much from release to release.
_NEEDS_VERSION = frozenset({"python", "node", "java"})


class Build(msgspec.Struct, frozen=True):
    """One build of a runtime that shook hands: the TLS library it shares with others, and its answers."""

    runtime: str
    library: str
    version: str
    measured: str
    answers: Mapping[str, bool]

    def __str__(self) -> str:
        return f"{self.runtime} with {self.library}" if self.library else self.runtime


@cache
def measured() -> tuple[Build, ...]:
    """Return every build that was measured, as the table has them."""
    import csv

    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = {row[0]: row[1:] for row in csv.reader(file)}
    heads = zip(*(rows.pop(heading) for heading in _HEADINGS), strict=True)
    return tuple(
        Build(
            runtime,
            library,
            version,
            day,
            {name: _ANSWERS[cells[at]] for name, cells in rows.items() if cells[at]},
        )
        for at, (runtime, library, version, day) in enumerate(heads)
    )


def builds(runtime: str) -> tuple[Build, ...]:
    """Return the builds that were measured of a runtime named like python3.11 or node20; perhaps none.

    Raises UsageError where the name is none, or its version older than all that were measured.
    """
    match = _NAME.fullmatch(runtime)
    kind, asked = (match[1], _numbers(match[2])) if match else ("", ())
    known = [
        (_numbers(build.runtime.removeprefix(kind)), build) for build in measured() if _kind(build) == kind
    ]
    if known and not asked and kind in _NEEDS_VERSION:
        raise UsageError(f"--for {runtime}: needs a version", hint=f"one of {EXAMPLES}")
    if not known or (asked and asked < min(has for has, _ in known)):
        raise UsageError(f"--for {runtime}: is not a runtime that was measured", hint=f"one of {EXAMPLES}")
    return tuple(build for has, build in known if has[: len(asked)] == asked[: len(has)])


def siblings(runtime: str) -> tuple[str, ...]:
    """Return the names of the runtimes of the same kind that were measured."""
    kind = runtime.rstrip("0123456789.")
    return tuple(dict.fromkeys(build.runtime for build in measured() if _kind(build) == kind))


def _kind(build: Build) -> str:
    return build.runtime.rstrip("0123456789.")


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(map(int, version.split("."))) if version else ()


def refusing(condition: str) -> tuple[str, ...]:
    """Return the kinds of runtimes, like node or go, of which some build refuses a root with a property."""
    return tuple(dict.fromkeys(_kind(build) for build in measured() if build.answers.get(condition) is False))

"""Whether a server under a root will verify, runtime by runtime: measured by handshakes, never derived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from builder.lint import certificate
from builder.lint.conditions import OUTSIDE, conditions
from builder.lint.measured import builds

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from builder.lint.certificate import Facts
    from builder.lint.measured import Build
    from builder.model import Certificate

Outcome = Literal["accepts", "refuses", "within constraints", "not measured"]


class Verdict(msgspec.Struct, frozen=True):
    """What one runtime makes of servers under one root, and the properties that are to blame.

    `builds` names those that refuse, where other builds of the same runtime do not.
    """

    runtime: str
    outcome: Outcome
    because: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()


def judge(item: Certificate, runtimes: Sequence[str], *, now: dt.datetime) -> tuple[Verdict, ...]:
    """Return one verdict for each of `runtimes` on servers whose chain ends in `item`."""
    facts = certificate.read(item)
    has = conditions(facts, now=now)
    return tuple(_judge(runtime, has, facts) for runtime in runtimes)


def _judge(runtime: str, has: frozenset[str], facts: Facts) -> Verdict:
    asked = builds(runtime)
    if not asked:
        return Verdict(runtime, "not measured")
    refusing = [(build, blamed) for build in asked if (blamed := _refused(build, has))]
    if refusing:
        because = tuple(sorted(frozenset[str]().union(*(blamed for _, blamed in refusing))))
        some = tuple(str(build) for build, _ in refusing) if len(refusing) < len(asked) else ()
        return Verdict(runtime, "refuses", because, some)
    unknown = {name for build in asked for name in has - build.answers.keys()}
    if unknown:
        return Verdict(runtime, "not measured", tuple(sorted(unknown)))
    heeded = facts.extensions.constrained and any(not build.answers.get(OUTSIDE, False) for build in asked)
    return Verdict(runtime, "within constraints" if heeded else "accepts")


def _refused(build: Build, has: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in has if build.answers.get(name) is False)

"""What a certificate's own name constraints say, as people read it, and which runtimes keep to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lint import certificate
from builder.lint.conditions import OUTSIDE
from builder.lint.measured import measured
from builder.x509.constraints import NameConstraints, values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.model import Certificate


def name_constraints(item: Certificate) -> NameConstraints | None:
    """Return what a certificate constrains names to, None where it does not."""
    kinds = certificate.read(item).extensions.constraints
    if not kinds:
        return None
    return values(item.der) or NameConstraints(*(_kinds(kinds, tree) for tree in ("permitted-", "excluded-")))


def _kinds(kinds: Iterable[str], tree: str) -> tuple[str, ...]:
    return tuple(sorted(kind.removeprefix(tree) for kind in kinds if kind.startswith(tree)))


def heeding() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the runtimes that keep to a root's constraints in every build that was measured, and the others.

    A name is that of a runtime without its version where all its versions answer alike.
    """
    answers: dict[str, dict[str, bool]] = {}
    for build in measured():
        if OUTSIDE in build.answers:
            kind = build.runtime.rstrip("0123456789.")
            heeds = answers.setdefault(kind, {}).get(build.runtime, True) and not build.answers[OUTSIDE]
            answers[kind][build.runtime] = heeds
    kept: list[str] = []
    ignored: list[str] = []
    for kind, runtimes in answers.items():
        alike = len({*runtimes.values()}) == 1
        for runtime, heeds in [(kind, all(runtimes.values()))] if alike else runtimes.items():
            (kept if heeds else ignored).append(runtime)
    return tuple(sorted(kept)), tuple(sorted(ignored))

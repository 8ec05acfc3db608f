"""Why nothing came of some organisations, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.text.located import located

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.batch.job import JobFault


def lines(found: Mapping[str, JobFault]) -> Iterator[str]:
    """Yield each fault by its organisation's name: what is wrong, and the way out."""
    for _, one in sorted(found.items()):
        first, *more = one.message.split("\n")
        yield f"failed: {first}"
        yield from more
        yield from (f"  hint: {line}" for line in one.hint.split("\n") if line)


def values(found: Mapping[str, JobFault]) -> list[dict[str, Any]]:
    """Return them as JSON has them."""
    return [{"slug": slug, **value(one)} for slug, one in sorted(found.items())]


def value(one: JobFault) -> dict[str, Any]:
    """Return one fault: where, which line there, what is wrong and the way out."""
    where, line, message = located(one.message)
    return {"where": where, "line": line, "message": message, "hint": one.hint}

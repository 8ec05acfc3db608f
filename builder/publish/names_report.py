"""What is found out about names, as people and programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.publish.public import REGISTRIES
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.publish.names import NameFinding

_WORDS = {"free": "free", "taken": "somebody else's", "ours": "ours", "unknown": "unknown"}


def as_text(found: Iterable[NameFinding], elsewhere: Sequence[str]) -> Iterator[str]:
    """Yield lines: of each name, what it is; below that why, and what to do."""
    for each in found:
        of = each.of
        kind = "public" if of.public else "private"
        yield visible(
            f"{of.target}: {of.name} at {REGISTRIES[of.registry].title} ({each.url}), {kind}: "
            f"{_WORDS[each.state]}"
        )
        yield visible(f"  why: {each.why}")
        yield visible(f"  to do: {each.advice}")
    if elsewhere:
        yield (
            f"{', '.join(elsewhere)}: no public registry, where a stranger could take the name: "
            "machines install from the sources that they list"
        )


def as_value(organisation: str, found: Iterable[NameFinding], elsewhere: Sequence[str]) -> dict[str, Any]:
    """Return the document that `names --json` prints."""
    names = [
        {
            "target": each.of.target,
            "name": each.of.name,
            "registry": each.of.registry,
            "url": each.url,
            "public": each.of.public,
            "state": each.state,
            "why": each.why,
            "advice": each.advice,
            "due": each.due,
        }
        for each in found
    ]
    return {"organisation": organisation, "names": names, "elsewhere": [*elsewhere]}

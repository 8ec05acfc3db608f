"""YAML of somebody else's, read with a bound: every scalar stays a text, no tag or alias means anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

    import yaml

_EVENTS = 20_000  # PyYAML reads some 20,000 a second
_DEPTH = 16


def documents(where: str, plain: bytes) -> list[Any]:
    """Return the documents of a YAML text: of texts, lists and mappings; raise Malformed for any other."""
    import yaml

    # Not the loader in C: it overflows the stack of the process on deeply nested brackets.
    try:
        _check_events(where, yaml.parse(plain, yaml.BaseLoader))
        return list(yaml.load_all(plain, yaml.BaseLoader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise Malformed(f"{where}: is not YAML") from None


def mapping(where: str, plain: bytes) -> dict[str, Any]:
    """Return the one document of a YAML text, which is a mapping."""
    found = documents(where, plain)
    if len(found) != 1 or not isinstance(found[0], dict):
        raise Malformed(f"{where}: is not a mapping")
    return found[0]


def _check_events(where: str, events: Iterable[yaml.Event]) -> None:
    """Refuse YAML that stands for more than it says, or takes long: no package of ours has such."""
    import yaml

    depth = 0
    for count, event in enumerate(events):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH or isinstance(event, yaml.AliasEvent):
            raise Malformed(f"{where}: is nested too deeply, or has YAML aliases")
        if isinstance(event, yaml.ScalarEvent):
            event.value.encode()  # escapes may make what is no text: a UnicodeError, and so a ValueError
        if count > _EVENTS:
            raise Malformed(f"{where}: is longer than inspect reads")

"""How two holdings differ: CAs by fingerprint; files, scripts and fields of packages of one format."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from builder.render.inventory import stamp
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.diff.snapshot import Holding, Item

_SHORT = 16  # digits of a fingerprint that tell CAs apart for a reader; the JSON has all


@dataclass(frozen=True, slots=True)
class Names:
    """What came, went and changed among the files, or scripts, or fields, of two packages."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Difference:
    """What leads from one holding to another.

    `added`, `removed` and `kept` are about what is shipped, `distrusted` and `forgiven` about what is
    blocked, and `states` has each kept CA, before and after, whose state both know, and not the same.
    """

    added: tuple[Item, ...]
    removed: tuple[Item, ...]
    kept: tuple[Item, ...]
    states: tuple[tuple[Item, Item], ...] = ()
    distrusted: tuple[Item, ...] = ()
    forgiven: tuple[Item, ...] = ()
    parts: Mapping[str, Names] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything differs."""
        changes = (self.added, self.removed, self.states, self.distrusted, self.forgiven)
        return any(changes) or any(self.parts.values())


def compare(old: Holding, new: Holding) -> Difference:
    """Return what leads from `old` to `new`; parts are compared where both are of one kind."""
    before = {key: item for key, item in old.certificates.items() if item.shipped}
    after = {key: item for key, item in new.certificates.items() if item.shipped}
    blocked_before, blocked_after = _blocked(old), _blocked(new)
    both = old.blocks and new.blocks
    kept = _sorted(item for key, item in after.items() if key in before)
    return Difference(
        added=_sorted(item for key, item in after.items() if key not in before),
        removed=_sorted(item for key, item in before.items() if key not in after),
        kept=kept,
        states=tuple((before[item.sha256], item) for item in kept if _moved(before[item.sha256], item)),
        distrusted=_sorted(blocked_after[key] for key in blocked_after.keys() - blocked_before if both),
        forgiven=_sorted(blocked_before[key] for key in blocked_before.keys() - blocked_after if both),
        parts=_parts(old, new) if old.kind == new.kind else {},
    )


def as_text(old: Holding, new: Holding, found: Difference) -> str:
    """Return the difference as people read it: what came, went and changed, a line each."""
    lines = [f"--- {_title(old)}", f"+++ {_title(new)}"]
    lines += [f"+ {_said(item)}" for item in found.added]
    lines += [f"- {_said(item)}" for item in found.removed]
    lines += [f"~ {_said(item)}: {before.state} before, {item.state} now" for before, item in found.states]
    lines += [f"! {_said(item)}: distrusted" for item in found.distrusted]
    lines += [f"? {_said(item)}: no longer distrusted" for item in found.forgiven]
    for kind, names in found.parts.items():
        for sign, each in (("+", names.added), ("-", names.removed), ("~", names.changed)):
            lines += [f"{sign} {kind} {visible(name)}" for name in each]
    count = len(found.kept)
    lines.append(f"{'different' if found else 'the same'}: {count} certificate{'s' * (count != 1)} in both")
    if old.kind != new.kind and old.parts and new.parts:
        lines.append(f"only certificates were compared: one is {old.kind}, the other {new.kind}")
    return "\n".join(lines) + "\n"


def as_json(old: Holding, new: Holding, found: Difference) -> str:
    """Return the difference as JSON in ASCII, with whole fingerprints."""
    kinds = ("added", "removed", "kept", "distrusted", "forgiven")
    certificates: dict[str, Any] = {key: [_value(item) for item in getattr(found, key)] for key in kinds}
    certificates["states"] = [_value(item) | {"state_before": before.state} for before, item in found.states]
    value = {
        "same": not found,
        "old": _described(old),
        "new": _described(new),
        "certificates": certificates,
        "parts": {kind: asdict(names) for kind, names in found.parts.items()},
    }
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def _blocked(holding: Holding) -> dict[str, Item]:
    return {key: item for key, item in holding.certificates.items() if not item.shipped}


def _moved(before: Item, after: Item) -> bool:
    return bool(before.state and after.state and before.state != after.state)


def _parts(old: Holding, new: Holding) -> dict[str, Names]:
    return {
        kind: _names(old.parts[kind], new.parts[kind])
        for kind in old.parts
        if kind in new.parts and old.parts[kind] != new.parts[kind]
    }


def _names(before: Mapping[str, object], after: Mapping[str, object]) -> Names:
    return Names(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(key for key in before.keys() & after.keys() if before[key] != after[key])),
    )


def _sorted(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: (item.subject.lower(), item.sha256)))


def _title(holding: Holding) -> str:
    words = (holding.kind, holding.organisation, holding.release)
    return visible(f"{holding.name} ({' '.join(filter(None, words))})")


def _said(item: Item) -> str:
    named = visible(item.subject) or "no name"
    return f"{named} ({item.sha256[:_SHORT]}), until {item.not_after.date()}"


def _value(item: Item) -> dict[str, str]:
    return {
        "sha256": item.sha256,
        "subject": item.subject,
        "not_after": stamp(item.not_after),
        "state": item.state,
    }


def _described(holding: Holding) -> dict[str, str]:
    keys = ("name", "kind", "organisation", "release")
    return {key: getattr(holding, key) for key in keys}

"""How two snapshots differ: CAs by fingerprint; files, scripts and fields of packages of one format."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from builder.model.domains import told
from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.diff.snapshot import TrustSnapshot
    from builder.model import CertificateSummary


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
    """What leads from one snapshot to another.

    `added`, `removed` and `kept` are about what is shipped, `distrusted` and `undistrusted` about what is
    blocked, and `states` has each kept CA, before and after, of which both know state and domains, and not
    the same.
    """

    added: tuple[CertificateSummary, ...]
    removed: tuple[CertificateSummary, ...]
    kept: tuple[CertificateSummary, ...]
    states: tuple[tuple[CertificateSummary, CertificateSummary], ...] = ()
    distrusted: tuple[CertificateSummary, ...] = ()
    undistrusted: tuple[CertificateSummary, ...] = ()
    parts: Mapping[str, Names] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything differs."""
        changes = (self.added, self.removed, self.states, self.distrusted, self.undistrusted)
        return any(changes) or any(self.parts.values())


def compare(old: TrustSnapshot, new: TrustSnapshot) -> Difference:
    """Return what leads from `old` to `new`; parts are compared where both are of one kind.

    Nothing is said of CAs where one side cannot be looked into; it is the same as its own copy alone.
    """
    if old.opaque or new.opaque:
        copy = old.kind == new.kind and old.parts == new.parts
        return Difference((), (), (), parts={} if copy else {"content": Names((), (), ("bytes",))})
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
        undistrusted=_sorted(blocked_before[key] for key in blocked_before.keys() - blocked_after if both),
        parts=(_parts(old, new) if old.kind == new.kind else {}) | _unreadable(old, new),
    )


def as_text(old: TrustSnapshot, new: TrustSnapshot, found: Difference) -> str:
    """Return the difference as people read it: what came, went and changed, a line each."""
    lines = [f"--- {_title(old)}", f"+++ {_title(new)}"]
    lines += [f"+ {_said(item)}" for item in found.added]
    lines += [f"- {_said(item)}" for item in found.removed]
    lines += [f"~ {_said(item)}: {_moves(before, item)}" for before, item in found.states]
    lines += [f"! {_said(item)}: distrusted" for item in found.distrusted]
    lines += [f"? {_said(item)}: no longer distrusted" for item in found.undistrusted]
    for kind, names in found.parts.items():
        for sign, each in (("+", names.added), ("-", names.removed), ("~", names.changed)):
            lines += [f"{sign} {kind} {visible(name)}" for name in each]
    warned = {one.name: one.unreadable for one in (old, new)}
    lines += [
        f"warning: {visible(name)}: cannot be read: {what}" for name, all_ in warned.items() for what in all_
    ]
    opaque = {one.name: one.opaque for one in (old, new) if one.opaque}
    lines += [visible(f"{name}: opaque: {why}") for name, why in opaque.items()]
    count = len(found.kept)
    said = "certificates were not compared" if opaque else f"{count} certificate{'s' * (count != 1)} in both"
    lines.append(f"{'different' if found else 'the same'}: {said}")
    if old.kind != new.kind and any(old.parts.values()) and any(new.parts.values()) and not opaque:
        lines.append(f"only certificates were compared: one is {old.kind}, the other {new.kind}")
    return "\n".join(lines) + "\n"


def as_json(old: TrustSnapshot, new: TrustSnapshot, found: Difference) -> str:
    """Return the difference as JSON in ASCII, with whole fingerprints."""
    kinds = {
        "added": found.added,
        "removed": found.removed,
        "kept": found.kept,
        "distrusted": found.distrusted,
        "undistrusted": found.undistrusted,
    }
    certificates: dict[str, Any] = {key: [_value(item) for item in items] for key, items in kinds.items()}
    certificates["states"] = [
        _value(item) | {"state_before": before.state, "domains_before": list(before.domains)}
        for before, item in found.states
    ]
    value = {
        "same": not found,
        "old": _described(old),
        "new": _described(new),
        "certificates": certificates,
        "parts": {kind: asdict(names) for kind, names in found.parts.items()},
    }
    return printed(value)


def _blocked(snapshot: TrustSnapshot) -> dict[str, CertificateSummary]:
    return {key: item for key, item in snapshot.certificates.items() if not item.shipped}


def _moved(before: CertificateSummary, after: CertificateSummary) -> bool:
    known = before.state and after.state
    return bool(known) and (before.state, before.domains) != (after.state, after.domains)


def _moves(before: CertificateSummary, after: CertificateSummary) -> str:
    """Return what has changed of a CA's state and domains."""
    said = [f"{before.state} before, {after.state} now"] if before.state != after.state else []
    if before.domains != after.domains:
        old, new = (told(item.domains) or "all names" for item in (before, after))
        said.append(f"for {old} before, for {new} now")
    return visible("; ".join(said))


def _parts(old: TrustSnapshot, new: TrustSnapshot) -> dict[str, Names]:
    return {
        kind: _names(old.parts[kind], new.parts[kind])
        for kind in old.parts
        if kind in new.parts and old.parts[kind] != new.parts[kind]
    }


def _unreadable(old: TrustSnapshot, new: TrustSnapshot) -> dict[str, Names]:
    """Return which unreadable certificates came and went: what cannot be compared is not called the same."""
    before, after = (dict.fromkeys(one.unreadable) for one in (old, new))
    return {"unreadable": _names(before, after)} if before != after else {}


def _names(before: Mapping[str, object], after: Mapping[str, object]) -> Names:
    return Names(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(key for key in before.keys() & after.keys() if before[key] != after[key])),
    )


def _sorted(items: Iterable[CertificateSummary]) -> tuple[CertificateSummary, ...]:
    return tuple(sorted(items, key=lambda item: (item.subject.lower(), item.sha256)))


def _title(snapshot: TrustSnapshot) -> str:
    words = (snapshot.kind, snapshot.organisation, snapshot.release)
    return visible(f"{snapshot.name} ({' '.join(filter(None, words))})")


def _said(item: CertificateSummary) -> str:
    named = visible(item.subject) or "no name"
    return f"{named} ({item.sha256}), until {item.ends.date()}"


def _value(item: CertificateSummary) -> dict[str, Any]:
    return {
        "sha256": item.sha256,
        "subject": item.subject,
        "not_after": stamp(item.ends),
        "state": item.state,
        "domains": list(item.domains),
    }


def _described(snapshot: TrustSnapshot) -> dict[str, str]:
    keys = ("name", "kind", "organisation", "release")
    return {key: getattr(snapshot, key) for key in keys}

"""Release notes: what a release changes in what is trusted, for people, in Markdown."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from builder.text.quoting import FILTERS, visible
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.lifecycle.history import ReleaseRecord
    from builder.model import CertificateSummary
    from builder.provenance.statement import StatedApproval
    from builder.release.manifest import Manifest

_SOON = 90  # days after the release: whoever reads notes then has time to do something
_markdown = FILTERS["markdown"]


class TrustChanges(msgspec.Struct, frozen=True):
    """What a release changes; `since` is the release before, empty for a first one."""

    since: str = ""
    added: tuple[CertificateSummary, ...] = ()
    removed: tuple[CertificateSummary, ...] = ()
    distrusted: tuple[CertificateSummary, ...] = ()
    undistrusted: tuple[CertificateSummary, ...] = ()


def of_history(history: Sequence[ReleaseRecord], release: str) -> TrustChanges | None:
    """Return what a lock's history says of a release, None where it has no such release."""
    for at, record in enumerate(history):
        if record.release == release:
            since = history[at + 1].release if at + 1 < len(history) else ""
            named = (record.added, record.removed, record.distrusted, record.undistrusted)
            return TrustChanges(since, *named)
    return None


def make(manifest: Manifest, changes: TrustChanges | None, approvals: Sequence[StatedApproval] = ()) -> bytes:
    """Return the notes of a release; where `changes` are not known, they say what it trusts."""
    lines = [
        f"# CA certificates of {_markdown(manifest.organisation)}, release {_markdown(manifest.release)}"
    ]
    lines += ["", *(_all(manifest) if changes is None else _changed(manifest, changes))]
    if approvals:
        names = ", ".join(_markdown(one.name) for one in approvals)
        lines += ["", f"Approved by {names}."]
    lines += ["", "SHA256SUMS has the digest of each file."]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _changed(manifest: Manifest, changes: TrustChanges) -> Iterator[str]:
    known = {one.sha256: one for one in (*manifest.certificates, *manifest.distrusted)}
    groups = {
        "Trusted from now on": changes.added,
        "No longer trusted": changes.removed,
        "Distrusted: blocked where the platform has a place for that": changes.distrusted,
        "No longer distrusted": changes.undistrusted,
    }
    since = f"Since release {_markdown(changes.since)}" if changes.since else "This is the first release"
    if not any(groups.values()):
        yield f"{since}, what is trusted is the same." if changes.since else f"{since}."
    else:
        yield f"{since}:" if changes.since else f"{since}."
    for title, items in groups.items():
        yield from _list(title, (known.get(one.sha256, one) for one in items))
    yield from _list("Expires soon", _expiring(manifest))


def _all(manifest: Manifest) -> Iterator[str]:
    yield "What it changes is not known here: this is all that it holds."
    yield from _list("Trusted", manifest.certificates)
    yield from _list("Distrusted: blocked where the platform has a place for that", manifest.distrusted)
    yield from _list("Expires soon", _expiring(manifest))


def _expiring(manifest: Manifest) -> list[CertificateSummary]:
    """Return the CAs that end within 90 days of the release: by its own time, so that notes stay the same."""
    until = dt.datetime.fromtimestamp(manifest.epoch, dt.UTC) + dt.timedelta(days=_SOON)
    found = [one for one in manifest.certificates if one.not_after and one.not_after <= until]
    return sorted(found, key=lambda one: (one.ends, one.sha256))


def _list(title: str, items: Iterable[CertificateSummary]) -> Iterator[str]:
    said = [f"- {_said(one)}" for one in items]
    if said:
        yield from ("", f"## {title}", "", *said)


def _said(item: CertificateSummary) -> str:
    name = _markdown(visible(item.subject) or "no name")
    until = f", until {stamp(item.not_after)[:10]}" if item.not_after else ""
    why = f": {_markdown(item.evidence)}" if item.evidence else ""
    return f"{name}{until}, SHA-256 `{item.sha256}`{why}"

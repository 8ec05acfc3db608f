"""The report of a proof: a matrix for people, proof.md and proof.json to keep."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder import __version__
from builder.errors import OutputError
from builder.prove.handshake import HandshakeResult
from builder.prove.trial import EVERY, PHASES, Status
from builder.release.atomic import put, unwritable
from builder.release.folder import claimed
from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from builder.prove.trial import Cell, Question
    from builder.release.manifest import Manifest

_MARKUP = re.compile(r"[\\`*_\[\]<>|#]")
_RESULTS = {
    Status.PROVEN: "proven",
    Status.FAILED: "FAILED",
    Status.STAND_IN: "stand-in, not counted",
    Status.ABSENT: "absent, not counted",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven, how (`kind`), and when; `notes` says what could not be asked.

    `site` is where packages were installed from by name; empty where files were.
    """

    kind: str
    manifest: Manifest
    when: dt.datetime
    questions: tuple[Question, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    site: str = ""

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases of the matrix: nothing is pinned where files are installed."""
        return tuple(phase for phase in PHASES if self.site or phase != "pinned")

    def having(self, status: Status) -> tuple[Cell, ...]:
        """Return the cells with this status."""
        return tuple(cell for cell in self.cells if cell.status is status)

    @property
    def holds(self) -> bool:
        """Tell whether something was proven and nothing failed; doubles and absent clients prove nothing."""
        return bool(self.having(Status.PROVEN)) and not self.having(Status.FAILED)


def head(proof: Proof) -> tuple[str, ...]:
    """Return what stands above the matrix."""
    return ("target", "client", *proof.phases, "result")


def rows(proof: Proof) -> list[tuple[str, ...]]:
    """Return the matrix, a row for each cell as `head` has it."""
    return [
        (
            cell.target,
            visible(_client(cell)),
            *(_phase(cell, phase, proof.questions) for phase in proof.phases),
            _RESULTS[cell.status],
        )
        for cell in proof.cells
    ]


def _client(cell: Cell) -> str:
    """Return a client as people read it: its name, version and what it needs."""
    if cell.client == EVERY:
        return "every client"
    note = f" ({cell.note})" if cell.note else ""
    return f"{cell.client}{' ' if cell.version else ''}{cell.version}{note}"


def _phase(cell: Cell, phase: str, questions: Sequence[Question]) -> str:
    """Return one phase in a word: what a client did where it did as promised, else that it did not."""
    answers = cell.steps.get(phase, {})
    promised = {
        question.name: HandshakeResult.ACCEPTED if phase in question.accepted else HandshakeResult.REFUSED
        for question in questions
    }
    if not answers:
        return "-"
    if any(verdict != promised[name] for name, verdict in answers.items()):
        return "WRONG"
    return (
        HandshakeResult.ACCEPTED if HandshakeResult.ACCEPTED in answers.values() else HandshakeResult.REFUSED
    )


def remarks(proof: Proof) -> list[str]:
    """Return what the matrix has no room for: faults, doubles, why something is absent or was not asked."""
    lines = [f"{_where(cell)}: {fault}" for cell in proof.cells for fault in cell.faults]
    doubles = {
        (cell.target, cell.stand_in): None for cell in proof.cells if cell.stand_in and not cell.reason
    }
    lines += [f"{target}: stand-in: {double}" for target, double in doubles]
    missing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in proof.having(Status.ABSENT):
        missing[cell.target, cell.reason].append(_where(cell))
    lines += [f"{', '.join(names)}: absent, because {reason}" for (_, reason), names in missing.items()]
    return [visible(" ".join(line.split())) for line in (*lines, *proof.notes)]


def _where(cell: Cell) -> str:
    return cell.target if cell.client == EVERY else f"{cell.target}/{cell.client}"


def summary(proof: Proof) -> str:
    """Return one line: which release, how it was proven, and how many cells have which status."""
    counts = Counter(cell.status for cell in proof.cells)
    said = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    return f"{proof.manifest.organisation} {proof.manifest.release}, {proof.kind}: {said or 'nothing asked'}"


def verdict(proof: Proof) -> str:
    """Return why the proof does not hold; empty where it does."""
    failed = proof.having(Status.FAILED)
    if failed:
        return f"{', '.join(_where(cell) for cell in failed)}: the proof failed"
    if not proof.having(Status.PROVEN):
        missing = proof.having(Status.ABSENT) + proof.having(Status.STAND_IN)
        names = ", ".join(_where(cell) for cell in missing)
        return f"{names}: nothing was proven" if names else "no client was asked, so nothing was proven"
    return ""


def to_json(proof: Proof) -> str:
    """Return proof.json."""
    value: dict[str, Any] = {
        "kind": proof.kind,
        "holds": proof.holds,
        "organisation": proof.manifest.organisation,
        "release": proof.manifest.release,
        "site": proof.site,
        "when": stamp(proof.when),
        "trustpack": __version__,
        "artifacts": [
            {"target": entry.target, "file": entry.file, "sha256": entry.sha256}
            for entry in proof.manifest.artifacts
            if entry.target in {cell.target for cell in proof.cells}
        ],
        "questions": [_question(question, proof.phases) for question in proof.questions],
        "notes": list(proof.notes),
        "cells": [_cell(cell) for cell in proof.cells],
    }
    return printed(value)


def _question(question: Question, every: Sequence[str]) -> dict[str, Any]:
    def phases(wanted: frozenset[str]) -> list[str]:
        return [phase for phase in every if phase in wanted]

    return {
        "name": question.name,
        "asked": phases(question.asked),
        "accepted": phases(question.accepted),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "target": cell.target,
        "client": cell.client,
        "version": cell.version,
        "note": cell.note,
        "status": cell.status,
        "reason": cell.reason,
        "stand_in": cell.stand_in,
        "faults": list(cell.faults),
        "steps": {phase: dict(cell.steps[phase]) for phase in PHASES if phase in cell.steps},
    }


def to_markdown(proof: Proof) -> str:
    """Return proof.md."""
    manifest = proof.manifest
    how = [f"- {question.name}: {_promise(question)}" for question in proof.questions]
    lines = [
        f"# Proof of {manifest.organisation} {manifest.release}",
        "",
        f"{summary(proof)}.",
        f"Made {stamp(proof.when)} by trustpack {__version__}. "
        + ("It holds." if proof.holds else f"It does not hold: {verdict(proof)}."),
        "",
        "A cell counts only if a real client in a clean testbed did exactly as promised in every phase.",
        "",
        *_table(head(proof), rows(proof)),
        "",
        "## Servers that each client was asked about",
        "",
        *how,
        "",
        "## Artifacts",
        "",
        *(f"- {entry.file} `{entry.sha256}`" for entry in manifest.artifacts),
    ]
    said = remarks(proof)
    if said:
        lines += ["", "## Remarks", "", *(f"- {_escaped(line)}" for line in said)]
    return "\n".join(lines) + "\n"


def _promise(question: Question) -> str:
    accepted = [phase for phase in PHASES if phase in question.accepted]
    always = "always refused by targets that keep to domains" if question.limited else "always refused"
    return f"accepted when {' and '.join(accepted)}, else refused" if accepted else always


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    cells = [[_escaped(cell) for cell in row] for row in (head, ["---"] * len(head), *body)]
    return [f"| {' | '.join(row)} |" for row in cells]


def _escaped(text: str) -> str:
    """Return `text` as Markdown that shows it as it is, where a client's words could be markup."""
    return _MARKUP.sub(r"\\\g<0>", text)


def write(folder: Path, files: Mapping[str, str], *, proven: Manifest | None = None) -> None:
    """Replace these files in `folder`, each whole or not at all; raise OutputError where that fails.

    And where `folder` no longer holds the release that was `proven`: beside another the report would vouch
    for that one.
    """
    with claimed(folder) as claim:
        if proven is not None and claim.previous != proven:
            raise OutputError(
                f"{folder}: another build has written here while it was proven", hint="prove it once more"
            )
        # The one that is read comes last.
        for name, text in reversed([*files.items()]):
            try:
                put(folder / name, text.encode("utf-8"))
            except OSError as error:
                raise unwritable(folder / name, error) from error

"""`lint --for` says what real handshakes show: single-defect roots with every runtime at hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from builder.lint.runtimes import judge
from builder.load import load
from tests.lint import defects, forge, handshakes
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

_NOW = dt.datetime.now(dt.UTC)
_ROOTS = defects.roots(_NOW)
_RUNTIMES = {runtime.name: runtime for runtime in handshakes.at_hand()}


@pytest.mark.parametrize("name", _RUNTIMES)
def test_the_verdict_is_what_a_handshake_shows(name: str, tmp_path: Path) -> None:
    """Each runtime accepts and refuses servers under roots with one defect just as the table says."""
    shown = handshakes.verdicts(_RUNTIMES[name], _ROOTS, tmp_path)

    expected = {}
    for defect, root in _ROOTS.items():
        (certificate,) = load(["-"], stdin=forge.pem(root.certificate)).certificates
        (verdict,) = judge(certificate, (name,), now=_NOW)
        expected[defect] = verdict.outcome
        if verdict.outcome == "within constraints":
            # The constraints of one of the two roots permit the server's name.
            expected[defect] = "accepts" if defect == "constrained-to-this" else "refuses"

    assert expected == {defect: _WORDS[answer] for defect, (answer, _) in shown.items()}


_WORDS = {"ok": "accepts", "fails": "refuses"}


def test_the_required_runtimes_are_at_hand() -> None:
    """Python, Node and Java are here, so that the table is not believed for want of somebody to ask."""
    for program in ("python3", str(handshakes.NODES / "node20" / "bin" / "node"), "java"):
        require(program)

    assert {"python", "node", "java"} <= {name.rstrip("0123456789.") for name in _RUNTIMES}

"""A proof for the page's table."""

import json

import pytest

from builder.errors import PackageError
from builder.repositories.page.proof import table
from builder.repositories.page.view import ProofTable, ProvenClient


def cell(**said: object) -> dict[str, object]:
    """Return a cell as proof.json has it."""
    plain = {"target": "deb", "client": "curl", "version": "7.88", "note": "", "status": "proven"}
    return plain | {"reason": "", "stand_in": "", "faults": [], "steps": {}} | said


def test_each_client_has_its_result_and_why() -> None:
    """Faults where it failed, the reason where it is absent, the double where it is one."""
    cells = [
        cell(),
        cell(status="failed", faults=["it accepts", "it refuses"]),
        cell(client="*", version="", status="absent", reason="brew is not installed"),
        cell(status="stand-in", stand_in="Debian's p11-kit"),
    ]
    document = {"schema": 1, "release": "2026.12", "when": "2026-11-28T12:00:00Z", "cells": cells}
    assert ProofTable(
        "2026.12",
        "2026-11-28T12:00:00Z",
        (
            ProvenClient("deb", "curl 7.88", "proven"),
            ProvenClient("deb", "curl 7.88", "failed", "it accepts; it refuses"),
            ProvenClient("deb", "*", "absent", "brew is not installed"),
            ProvenClient("deb", "curl 7.88", "stand-in", "Debian's p11-kit"),
        ),
    ) == table(json.dumps(document).encode(), "proof.json")


@pytest.mark.parametrize("text", ["", "[]", '{"release": 1}', '{"release": "1", "when": "", "cells": [{}]}'])
def test_what_is_no_proof_is_refused(text: str) -> None:
    """By its name."""
    with pytest.raises(PackageError, match=r"^dist/proof\.json: is not a proof$"):
        table(text.encode(), "dist/proof.json")


def test_a_result_that_is_unknown_is_refused() -> None:
    """The page has no word for it."""
    document = {"release": "1", "when": "", "cells": [cell(status="maybe")]}
    with pytest.raises(PackageError):
        table(json.dumps(document).encode(), "proof.json")

"""A status is read from anywhere, and shown: what it says is a status's, or it is none."""

from __future__ import annotations

import json

import pytest

from builder.errors import SiteError
from builder.repositories import status

SAID: dict[str, object] = {
    "schema": 1,
    "organisation": "acme",
    "url": "https://packages.acme.example",
    "release": "2026.10",
    "counter": 7,
    "time": 1_796_000_000,
    "expires": 1_797_000_000,
    "files": {"path": f"trustpack/files-{'a' * 64}.txt", "sha256": "a" * 64, "size": 1},
    "state": {"path": f"trustpack/state-{'b' * 64}.jsonl", "sha256": "b" * 64, "size": 1},
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("organisation", "acme\x1b]0;owned\x07"),
        ("organisation", "acme $(id)"),
        ("organisation", "../acme"),
        ("release", "2026.10\nerror: all is lost"),
        ("url", "https://packages.acme.example\n[evil]"),
        ("counter", -1),
        ("time", 1e300),
        ("files", {"path": "../../keys/1-openpgp.pem", "sha256": "a" * 64, "size": 1}),
    ],
)
def test_what_a_status_says_can_be_shown(field: str, value: object) -> None:
    """Terminals obey controls, and the slug comes to stand in lines that people copy."""
    assert "acme" == status.claimed(json.dumps(SAID), "it").organisation
    with pytest.raises(SiteError, match=r"^it: "):
        status.claimed(json.dumps({**SAID, field: value}), "it")

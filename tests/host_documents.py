"""Hosts' reports as a doctor prints them, made by tests: what each is about, and the rest as usual."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD, NEW, GONE = ("a" * 64, "b" * 64, "c" * 64)
SUBJECTS = {OLD: "CN=Acme Root R1", NEW: "CN=Acme Root R2", GONE: "CN=Acme Root R0"}
STATES = {OLD: "active", NEW: "incoming", GONE: "distrusted"}
NOW = "2026-11-30T12:00:00Z"


def machine(name: str) -> str:
    """Return a machine id as a doctor tells it."""
    return hashlib.sha256(f"trustpack-doctor:{name}".encode()).hexdigest()[:32]


def row(states: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """Return a store; certificates that its CA is of the release are said valid or missing by `states`."""
    usual = {
        "kind": "system",
        "what": "ca-certificates",
        "where": "/etc/ssl/certs/ca-certificates.crt",
        "user": "",
        "certificates": 140,
        "effective": True,
        "shadowed_by": "",
        "states": dict(states),
        "extra": [],
        "problem": "",
        "note": "",
        "mend": "",
    }
    return usual | fields


def document(name: str, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a host's report: with the rows of a host that has all, where none are given."""
    good = {OLD: "valid", NEW: "valid", GONE: "missing"}
    host = {
        "name": name,
        "machine": machine(name),
        "system": "linux",
        "description": "Debian GNU/Linux 12 (bookworm)",
        "user": "root",
    }
    authorities = [
        {
            "sha256": sha256,
            "subject": subject,
            "state": STATES[sha256],
            "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2040-01-02T00:00:00Z",
        }
        for sha256, subject in SUBJECTS.items()
    ]
    usual = {
        "schema": 1,
        "trustpack": "0.1.0",
        "organisation": "acme",
        "release": "20261130",
        "time": "2026-11-30T08:00:00Z",
        "seconds": 1.2,
        "complete": True,
        "host": host | fields.pop("host", {}),
        "authorities": authorities,
        "rows": list(rows) or [row(good)],
        "unreadable": [],
        "counts": {"valid": 2, "missing": 1},
    }
    return usual | fields


def text(*documents: Mapping[str, Any]) -> str:
    """Return documents, one a line."""
    return "".join(f"{json.dumps(one)}\n" for one in documents)

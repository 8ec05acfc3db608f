"""Folders of organisations for tests: each with a CA of its own, and a configuration."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from builder.batch.record import RECORD
from builder.prove import authority

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-11-24T12:00:00Z"
_BEGIN = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def organisation(orgs: Path, slug: str, configured: str = "", *, days: int = 3650, **files: str) -> Path:
    """Make an organisation with one CA; `files` are further ones, with __ for a dot."""
    folder = orgs / slug
    folder.mkdir(parents=True)
    made = authority.create(f"{slug} Root", now=_BEGIN, days=days).certificate
    (folder / "roots.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    text = f"organisation:\n  slug: {slug}\nbundle:\n  paths: [roots.pem]\n{configured}"
    (folder / "trustpack.yaml").write_text(text, "utf-8")
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, "utf-8")
    return folder


def state(folder: Path) -> dict[str, str]:
    """Return a digest of each file of a release, without the batch's own record."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != RECORD
    }


def states(out: Path) -> dict[str, dict[str, str]]:
    """Return that of each organisation of an output."""
    return {path.name: state(path) for path in sorted(out.iterdir()) if path.is_dir()}

"""What makes a site's indexes and pages: another one makes other bytes of the same packages."""

from __future__ import annotations

import hashlib
import zlib

from builder import __version__
from builder.render.shipped import ROOT

_TEMPLATES = ROOT / "templates" / "site"
_DIGITS = 12


def name() -> str:
    """Return which trustpack this is, with which templates for the page and which zlib."""
    digest = hashlib.sha256()
    for path in sorted(path for path in _TEMPLATES.iterdir() if path.is_file()):
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return f"trustpack {__version__} ({digest.hexdigest()[:_DIGITS]}), zlib {zlib.ZLIB_RUNTIME_VERSION}"

"""What a package's file says that it is called, and which names its package manager takes for one."""

from __future__ import annotations

import re

_NAMELESS = frozenset(
    {"tarball", "pem", "jks", "pol", "reg", "intune"}
)  # they take their name from the file's
# PEP 503's rule, and a class's, which has no signs.
_SIGNS = {"wheel": (r"[-_.]+", "-"), "formula": (r"[^a-z0-9]+", "")}


def has_name(kind: str) -> bool:
    """Tell whether a package of this format says in itself what it is called."""
    return kind not in _NAMELESS


def same(kind: str, name: str, other: str) -> bool:
    """Tell whether two names are one to the format's package manager."""
    return _normal(kind, name) == _normal(kind, other)


def _normal(kind: str, name: str) -> str:
    return re.sub(*_SIGNS[kind], name.lower()) if kind in _SIGNS else name

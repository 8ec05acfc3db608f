"""What differs where a registry has other bytes under a name: the digests, and the files inside."""

from __future__ import annotations

import hashlib

from builder import inspect
from builder.errors import PackageError
from builder.text.quoting import visible

_SHOWN = 5


def told(name: str, there: bytes, ours: bytes) -> str:
    """Return in words what differs between two files of a name."""
    digests = (
        f"it has SHA-256 {hashlib.sha256(there).hexdigest()}, ours has {hashlib.sha256(ours).hexdigest()}"
    )
    if there == ours:
        return "its bytes are, and the registry tells another digest of them"
    try:
        one, other = _files(name, there), _files(name, ours)
    except PackageError:
        return digests
    lines = [
        *(f"{path} changed" for path in one.keys() & other.keys() if one[path] != other[path]),
        *(f"{path} only there" for path in one.keys() - other.keys()),
        *(f"{path} only in ours" for path in other.keys() - one.keys()),
    ]
    if not lines:
        return f"{digests}; all that is inside is the same: it was packed or signed another time"
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"{digests}; inside: {visible(', '.join(sorted(lines)[:_SHOWN]))}{more}"


def _files(name: str, data: bytes) -> dict[str, bytes]:
    return {entry.path: entry.data for entry in inspect.unpack(name, data).entries}

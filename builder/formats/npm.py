"""npm packages: a gzipped tar with everything below `package/`, described by package/package.json."""

from __future__ import annotations

import json
from typing import Any

from builder.formats import compression, tar
from builder.formats.unpacked import Malformed, Unpacked

_DESCRIPTION = "package/package.json"
_MAX_DESCRIPTION = 1024 * 1024


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a gzipped tar whose first member is below `package/`."""
    return compression.head(data, 100).startswith(b"package/")


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read an npm .tgz; its `scripts` are those of package.json."""
    entries = tar.unpack(".tgz", compression.decompress(".tgz", data))
    found = [entry.data for entry in entries if entry.path == _DESCRIPTION]
    if not found or len(found[0]) > _MAX_DESCRIPTION:
        raise Malformed(f"{_DESCRIPTION}: is missing, or too long to be read")
    try:
        fields = json.loads(found[0])
    except (ValueError, RecursionError):
        raise Malformed(f"{_DESCRIPTION}: is not JSON") from None
    if not isinstance(fields, dict) or not all(
        isinstance(fields.get(key), str) for key in ("name", "version")
    ):
        raise Malformed(f"{_DESCRIPTION}: gives no name and version")
    scripts = fields.pop("scripts", {})
    if not isinstance(scripts, dict):
        raise Malformed(f"{_DESCRIPTION}: 'scripts' is no object")
    return Unpacked(
        "npm",
        fields["name"],
        fields["version"],
        {key: _text(value) for key, value in fields.items()},
        entries,
        {name: _text(command) for name, command in scripts.items()},
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)

"""JSON as commands print it and files hold it: an object whose first key is the version of its format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMA = 1


def printed(value: Mapping[str, Any], *, schema: int = _SCHEMA) -> str:
    """Return a document's text: ASCII, so that what names hold cannot reach a terminal."""
    return json.dumps({"schema": schema, **value}, indent=2, ensure_ascii=True) + "\n"

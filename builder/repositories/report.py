"""What a change to a site did, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.repositories.publish import Order, Published
    from builder.repositories.state import SiteState

_SCHEMA = 1
_DIGITS = 64


def install(state: SiteState) -> str:
    """Return the SHA-256 (hex) of install.sh, which people are to be told elsewhere; empty without one."""
    return state.scripts[-1].removesuffix(".sh")[-_DIGITS:] if state.scripts else ""


def to_json(done: Published, order: Order, *, dry_run: bool) -> str:
    """Return the document that `trustpack repo build --json` and its like print."""
    state = done.state
    value = {
        "schema": _SCHEMA,
        "site": str(order.folder),
        "url": state.url,
        "organisation": state.organisation.slug,
        "counter": state.counter,
        "time": state.time,
        "expires": state.expires,
        "signed": not order.unsigned,
        "dry_run": dry_run,
        "releases": [{"release": one.release, "withdrawn": one.withdrawn} for one in state.releases],
        "install": install(state),
        "written": list(done.written),
        "removed": list(done.removed),
    }
    return json.dumps(value, indent=2) + "\n"

"""A report on hosts, as `plan` and `lock` take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.cli.messages import tell

if TYPE_CHECKING:
    from pathlib import Path

    from builder.lifecycle.rollout import SeenHosts


def hosts(file: Path | None, organisation: str) -> SeenHosts | None:
    """Return what a report on hosts says, None where there is none; warn of what it leaves out."""
    from builder.doctor.seen import read

    seen = read(file, organisation) if file else None
    if seen and not seen.inventory:
        said = f"{seen.where}: was made without --inventory, so no host that is silent is missed"
        tell("warning", [said])
    return seen

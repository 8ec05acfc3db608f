"""The hosts that there should be: a name or a machine id a line, for which a report is missed."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from builder.errors import UsageError
from builder.text import files
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.doctor.host_report import HostReport

_MOST = 200_000
_LINE = re.compile(r"[^\s,;\"']{1,255}")
_ID = re.compile(r"[0-9a-f]{32}")


class HostInventory(msgspec.Struct, frozen=True):
    """The entries of a list of hosts, in its order; by name, whatever its case, or by machine id."""

    entries: tuple[str, ...]


def read(path: Path) -> HostInventory:
    """Read a list of hosts; raise UsageError naming file and line."""
    try:
        # Windows' editors begin a file with a mark that would be part of the first name.
        lines = files.text(path).removeprefix("\ufeff").split("\n")
    except OSError as error:
        said = error.strerror or str(error)
        raise UsageError(f"--inventory {visible(str(path))}: cannot be read: {said}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--inventory {visible(str(path))}: is not UTF-8 text") from None
    found: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        if not _LINE.fullmatch(word):
            raise UsageError(
                f"{visible(str(path))}:{number}: is no host's name or machine id",
                hint="one a line, and nothing else on it: from a table, cut -d, -f1",
            )
        found[word.casefold()] = None
    if not found:
        raise UsageError(f"--inventory {visible(str(path))}: names no host")
    if len(found) > _MOST:
        raise UsageError(f"--inventory {visible(str(path))}: names more than {_MOST} hosts")
    return HostInventory(tuple(found))


def aliases(entry: str) -> tuple[str, ...]:
    """Return an entry, and what a doctor tells of the machine id that it may be: never the id itself."""
    if not _ID.fullmatch(entry):
        return (entry,)
    return entry, hashlib.sha256(f"trustpack-doctor:{entry}".encode()).hexdigest()[:32]


def matched(
    reports: Sequence[HostReport], listed: HostInventory | None
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return the keys of the hosts that count, and the entries that none of them is.

    Each key leads to those of all machines that have its name of the inventory; by machine id it is alone.
    """
    if listed is None:
        return {one.key: (one.key,) for one in reports}, []
    machines = {one.machine: one.key for one in reports if one.machine}
    names: dict[str, list[str]] = {}
    for one in reports:
        names.setdefault(one.name.casefold(), []).append(one.key)
    found: dict[str, tuple[str, ...]] = {}
    by_name: list[str] = []
    for entry in listed.entries:
        keys = [machines[alias] for alias in aliases(entry) if alias in machines]
        found |= {key: (key,) for key in keys}
        by_name += [] if keys else [entry]
    for entry in by_name:
        rest = tuple(key for key in names.get(entry, ()) if key not in found)
        found |= dict.fromkeys(rest, rest)
    return found, [entry for entry in by_name if entry not in names]

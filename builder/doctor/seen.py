"""A report on hosts as `plan` and `lock` read it: what of its JSON a rotation depends on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from builder.doctor.hosts_schema import HostsJson
from builder.errors import HostsError
from builder.lifecycle.rollout import SeenHost, SeenHosts
from builder.text import files
from builder.text.quoting import visible

if TYPE_CHECKING:
    from pathlib import Path

    from builder.doctor.hosts_schema import ReportedHostJson

_MOST_BYTES = 256 * 1024 * 1024  # of 200,000 hosts with something wrong on each
_HINT = "it is what 'trustpack doctor report … --json' prints"


def read(path: Path, organisation: str) -> SeenHosts:
    """Read a report on the hosts of an organisation; raise HostsError for what is none, or another's."""
    where = visible(str(path))
    try:
        found = msgspec.json.decode(files.read(path, _MOST_BYTES), type=HostsJson)
        hosts = tuple(_host(one) for one in found.hosts if one.counted)
    except OSError as error:
        raise HostsError(f"{where}: cannot be read: {error.strerror or error}", hint=_HINT) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise HostsError(f"{where}: is no report on hosts", hint=_HINT) from None
    if found.organisation != organisation:
        whose = visible(found.organisation) or "nobody"
        said = f"{where}: is about hosts of {whose}, and this is {organisation}"
        raise HostsError(said, hint=f"make one of this organisation's: --org {organisation}")
    return SeenHosts(where, found.organisation, hosts, found.inventory)


def _host(one: ReportedHostJson) -> SeenHost:
    """Return a host; a report that is not whole, or came from a clock that is ahead, is as none."""
    if one.status not in {"fresh", "stale"}:
        return SeenHost(None, frozenset())
    time = dt.datetime.fromisoformat(one.time)
    if time.tzinfo is None:
        raise ValueError(one.time)
    return SeenHost(time, frozenset(one.trusted))

"""Reports on hosts for tests: gathered and judged as the command does it."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from builder.doctor import hosts
from builder.doctor.documents import SourceDocument
from builder.doctor.inventory import HostInventory
from tests.host_documents import NOW

if TYPE_CHECKING:
    from builder.doctor.hosts import GatheredReports, HostsReport

MOMENT = dt.datetime.fromisoformat(NOW)
WEEK = dt.timedelta(days=7)


def gathered(*documents: dict[str, Any], organisation: str = "") -> GatheredReports:
    """Return what is gathered of documents."""
    found = (SourceDocument(f"{at}.json:1", json.dumps(one).encode()) for at, one in enumerate(documents))
    return hosts.gather(found, organisation=organisation, now=MOMENT, max_age=WEEK)


def judged(*documents: dict[str, Any], listed: tuple[str, ...] = (), **options: Any) -> HostsReport:
    """Return what is judged of documents, with an inventory of `listed` where it is given."""
    usual: dict[str, Any] = {"now": MOMENT, "max_age": WEEK, "at_least": Fraction(1)}
    inventory = HostInventory(listed) if listed else None
    return hosts.judge(gathered(*documents), listed=inventory, **(usual | options))

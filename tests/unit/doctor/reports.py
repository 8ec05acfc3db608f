"""Reports on hosts for tests: gathered and judged as the command does it."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from builder.doctor import gathering, hosts
from builder.doctor.documents import SourceDocument
from builder.doctor.inventory import HostInventory
from tests.host_documents import GONE, NEW, NOW, OLD, document, row

if TYPE_CHECKING:
    from builder.doctor.gathering import GatheredReports
    from builder.doctor.hosts import HostsReport

MOMENT = dt.datetime.fromisoformat(NOW)
WEEK = dt.timedelta(days=7)
NASTY = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onload="alert(1)',
    '=HYPERLINK("http://x")',
    " +1-1",
    "@SUM(A1)",
    "\uff1d1",
    "\t=1",
    "x\x1b]0;pwned\x07\x1b[2J",
    "x\u202egnp.exe",
    'x"} 1\ntrustpack_hosts{status="fresh"} 9999\n# EOF',
    "x\\",
    "{{ 7 * 7 }}{% raw %}",
    "x\u2028y\u0085z",
    "x\x00y",
)


def hostile(text: str) -> dict[str, Any]:
    """Return the report of a host all of whose texts are that one."""
    states = {OLD: "valid", NEW: "missing", GONE: "distrusted"}
    extra = [{"sha256": "d" * 64, "subject": text}]
    rows = row(
        states, kind=text, what=text, where=text, user=text, problem=text, mend=text, note=text, extra=extra,
        shadowed_by=text,
    )  # fmt: skip
    return document(text, rows, host={"description": text, "system": text, "user": text})


def gathered(*documents: dict[str, Any], organisation: str = "") -> GatheredReports:
    """Return what is gathered of documents."""
    found = (SourceDocument(f"{at}.json:1", json.dumps(one).encode()) for at, one in enumerate(documents))
    return gathering.gather(found, organisation=organisation, now=MOMENT, max_age=WEEK)


def judged(*documents: dict[str, Any], listed: tuple[str, ...] = (), **options: Any) -> HostsReport:
    """Return what is judged of documents, with an inventory of `listed` where it is given."""
    usual: dict[str, Any] = {"now": MOMENT, "max_age": WEEK, "at_least": Fraction(1)}
    inventory = HostInventory(listed) if listed else None
    return hosts.judge(gathered(*documents), listed=inventory, **(usual | options))

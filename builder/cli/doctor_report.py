"""`trustpack doctor report`: what many hosts' doctors have found, as one answer."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options

if TYPE_CHECKING:
    import datetime as dt
    from fractions import Fraction

    from builder.doctor.hosts import HostsReport
    from builder.lifecycle.lock import Lock

_FINDINGS = 1
_UNREADABLE = 3
_SPAN = re.compile(r"([1-9][0-9]{0,3})d")


def report(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Hosts' reports: JSON files, folders with *.json, *.jsonl or *.ndjson, - for standard input."
        ),
    ],
    *,
    inventory: Annotated[
        Path | None,
        typer.Option(
            help="A file with the hosts that there should be: a name or machine id a line, # for comments.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    max_age: Annotated[
        str, typer.Option(help="How old a host's report may be to count.", metavar="<days>")
    ] = "7d",
    at_least: Annotated[
        str,
        typer.Option(help="Which part of the hosts must trust a CA before it is used.", metavar="<percent>"),
    ] = "100%",
    org: Annotated[
        str | None, typer.Option(help="Only this organisation's reports, where there are several's.")
    ] = None,
    lock: Annotated[
        Path | None,
        typer.Option(
            help="The lock that says which CAs there should be, in place of the newest release.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Leave out users' names.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page to this file, - to print.", parser=options.path, metavar="<path>"),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            help="Write a table for spreadsheets to this file, - to print.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    openmetrics: Annotated[
        Path | None,
        typer.Option(
            help="Write metrics for the textfile collector to this file, - to print.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Tell what many hosts trust, by what their doctors have reported.

    For each CA: on how many hosts it is trusted, which lack it, and which still trust one that was withdrawn.
    Only the newest report of a machine counts; hosts that are silent, whose report is too old, whose clock is
    ahead, or whose doctor could not see all, count as lacking. Exits with 0 where nothing is to be done, 1
    where something is, 2 for wrong usage, and 3 where a report could not be read: the others are shown.
    'trustpack plan' and 'lock' take what --json prints as --hosts.
    """
    from builder.cli.messages import tell
    from builder.doctor import hosts_json, hosts_text
    from builder.errors import UsageError

    as_json = options.chosen(form, json=json) == "json"
    if [str(html), str(csv), str(openmetrics), "-" * as_json].count("-") > 1:
        raise UsageError("--html -, --csv -, --openmetrics - and --json: only one of them can be printed")
    _refuse_shared(html, csv, openmetrics)
    span, share = _span(max_age), _share(at_least)
    found = _judged(inputs, inventory, span, share, org, lock, now, redact=redact)
    gathered = found.gathered
    tell("warning", [f"{one.message} ({one.hint})" for one in gathered.unreadable])
    if gathered.more_unreadable:
        tell("warning", [f"{gathered.more_unreadable} more reports cannot be read"])
    _write(found, html, csv, openmetrics)
    if as_json:
        typer.echo(hosts_json.as_json(found), nl=False)
    elif Path("-") not in (html, csv, openmetrics):
        typer.echo(hosts_text.as_text(found), nl=False)
    raise typer.Exit(_UNREADABLE if gathered.unreadable else 0 if found.good else _FINDINGS)


def _judged(
    inputs: list[str],
    listed: Path | None,
    max_age: dt.timedelta,
    at_least: Fraction,
    org: str | None,
    lock: Path | None,
    now: str | None,
    *,
    redact: bool,
) -> HostsReport:
    import msgspec

    from builder.doctor import documents, gathering, hosts
    from builder.doctor import inventory as inventories
    from builder.doctor.redaction import redacted
    from builder.errors import UsageError

    if org == "":
        raise UsageError("--org: is empty", hint="is a variable of the shell not set?")
    locked = _lock(lock, org)
    moment = environment.clock(now)
    wanted = inventories.read(listed) if listed else None
    gathered = gathering.gather(
        documents.documents(inputs, lambda: sys.stdin.buffer),
        organisation=org or (locked.organisation if locked else ""),
        now=moment,
        max_age=max_age,
    )
    if not (gathered.reports or gathered.unreadable or wanted):
        raise UsageError(
            "the reports: there are none of this organisation", hint="see 'trustpack doctor --json'"
        )
    if redact:
        gathered = msgspec.structs.replace(gathered, reports=tuple(redacted(gathered.reports)))
    return hosts.judge(
        gathered,
        now=moment,
        max_age=max_age,
        at_least=at_least,
        listed=wanted,
        known=locked.certificates if locked else (),
        former=[item for record in locked.history for item in record.removed] if locked else (),
        release=locked.release.text if locked else "",
    )


def _lock(file: Path | None, org: str | None) -> Lock | None:
    """Return the lock that says what there should be; raise UsageError where there is none, or another's."""
    from builder.errors import UsageError
    from builder.lifecycle import lockfile

    if file is None:
        return None
    found = lockfile.read(file)
    if found is None:
        raise UsageError(f"--lock {file}: there is no such file")
    if org and org != found.organisation:
        raise UsageError(f"--org {org}: {file} is of {found.organisation}")
    return found


def _refuse_shared(*files: Path | None) -> None:
    """Raise UsageError where two forms would be written to one file: the last would be all that is left."""
    from builder.errors import UsageError

    named = [file.absolute() for file in files if file]
    for file in named:
        if named.count(file) > 1:
            raise UsageError(f"--html, --csv and --openmetrics: two of them name {file.name}")


def _write(found: HostsReport, html: Path | None, csv: Path | None, openmetrics: Path | None) -> None:
    """Write the forms that are asked for, each whole."""
    from builder.doctor import hosts_csv, hosts_metrics, hosts_page
    from builder.release.atomic import write_pieces

    forms = ((html, hosts_page.as_page), (csv, hosts_csv.as_csv), (openmetrics, hosts_metrics.as_openmetrics))
    for file, form in forms:
        if file is None:
            continue
        content = form(found).encode()
        if str(file) == "-":
            typer.echo(content, nl=False)
        else:
            write_pieces(file, (content,))


def _span(text: str) -> dt.timedelta:
    import datetime as dt

    from builder.errors import UsageError

    found = _SPAN.fullmatch(text)
    if found is None:
        raise UsageError(f"--max-age '{text}': is not a number of days", hint="write it like 7d")
    return dt.timedelta(days=int(found[1]))


def _share(text: str) -> Fraction:
    from builder.errors import UsageError
    from builder.text import shares

    found = shares.share(text)
    if found is None:
        raise UsageError(f"--at-least '{text}': is no part of a hundred", hint="write it like 99% or 99.5%")
    return found

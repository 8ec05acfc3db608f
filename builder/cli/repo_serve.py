"""`trustpack repo serve`: a site on loopback, to try it."""

from __future__ import annotations

import contextlib
import datetime as dt
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import options
from builder.cli.messages import tell

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from builder.repositories.first_lines import Tried
    from builder.repositories.serve import Answered

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_HOSTS = ("127.0.0.1", "localhost")


def serve(
    site: Annotated[
        Path, typer.Argument(help="The site's folder.", parser=options.path, metavar="[<site>]")
    ] = Path("site"),
    *,
    port: Annotated[
        int, typer.Option(help="The port; 0 is any that is free.", min=0, max=65535, metavar="<number>")
    ] = 8000,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve by HTTPS, with a certificate of a throw-away CA.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print each request.")] = False,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Serve a site on this machine alone, to try it, until Ctrl-C.

    It answers as web servers and buckets do that only hold files; no other machine can reach it.
    """
    from builder.repositories import serve as server
    from builder.repositories.first_lines import tried

    as_json = options.chosen(form, json=json) == "json"
    tried(site, "")  # whether there is a site, before anything else
    with _held(_ENDING), contextlib.ExitStack() as stack:
        context, ca = stack.enter_context(_certified()) if tls else (None, None)
        answered = _ignore if quiet else _tell
        url = stack.enter_context(server.serve(site, port=port, context=context, answered=answered))
        _report(tried(site, url), site, url, ca, as_json=as_json)
        signal.sigwait(_ENDING)


@contextlib.contextmanager
def _held(signals: frozenset[signal.Signals]) -> Iterator[None]:
    """Hold signals back, in threads that are started meanwhile, too: `sigwait` then gets each of them.

    A handler would not do: a signal that another thread is given does not wake this one.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _certified() -> Iterator[tuple[ssl.SSLContext, Path]]:
    """Make a CA and a certificate of its; yield what serves with it, and the file of the CA for clients."""
    from builder.prove import authority
    from builder.prove.server import server_context
    from builder.release import scratch

    now = dt.datetime.now(dt.UTC)
    ca = authority.create("trustpack repo serve, throw-away CA", now=now, days=30)
    leaf = authority.issue(
        ca, _HOSTS, now=now, valid=(now - dt.timedelta(hours=1), now + dt.timedelta(days=30))
    )
    with scratch.folder("serve") as folder:
        file = folder / "ca.pem"
        file.write_bytes(ca.pem)
        yield server_context(leaf), file


def _report(found: Tried, site: Path, url: str, ca: Path | None, *, as_json: bool) -> None:
    if found.url != url:
        way_out = f"trustpack repo rehost --out {site} --url {url}"
        tell(
            "warning",
            [f"{site}: says that it is at {found.url}, and some package managers go there: {way_out}"],
        )
    if as_json:
        from builder.text.printed import printed

        value = {
            "site": str(site),
            "url": url,
            "organisation": found.organisation,
            "release": found.release,
            "ca": str(ca) if ca else "",
        }
        typer.echo(printed(value), nl=False)
        return
    typer.echo(f"{found.organisation} {found.release} at {url}/ until Ctrl-C")
    if ca:
        typer.echo(f"Clients are to trust {ca}, as in: curl --cacert {ca} {url}/")
    for one in found.instructions:
        typer.echo(f"\n{one.title}:\n{one.setup}{one.install}".rstrip("\n"))


def _tell(answered: Answered) -> None:
    with contextlib.suppress(OSError):  # nobody looks any more
        tell("progress", [f"{answered.method} {answered.path} {answered.status}"])


def _ignore(_: Answered) -> None:
    pass

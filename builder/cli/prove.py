"""`trustpack prove`: real clients in clean sandboxes, before, installed, upgraded and removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options
from builder.cli.messages import tell
from builder.cli.tables import table
from builder.errors import ProofError, UsageError

if TYPE_CHECKING:
    from builder.prove.report import Proof
    from builder.prove.sites import PublishedSite
    from builder.prove.trial import Question


def prove(
    *,
    org: Annotated[
        str | None, typer.Option(help="The organisation's short name, if the build had no configuration.")
    ] = None,
    config: options.Config = None,
    realm: options.Realm = None,
    target: options.Targets = None,
    client: options.Clients = None,
    out: Annotated[Path, typer.Option(help="The folder of the release; the report goes there, too.")] = Path(
        "dist"
    ),
    root: options.Root = None,
    repo: Annotated[
        str | None,
        typer.Option(
            help="Install by name from the site that is served at this URL, or from a replica of it."
        ),
    ] = None,
    keys: options.PublicKeys = None,
    unsigned: options.Unsigned = False,
    url: Annotated[
        str | None, typer.Option(help="Prove the real bundle by this server, whose CA is in it.")
    ] = None,
    server_cert: Annotated[
        Path | None,
        typer.Option(help="Prove the real bundle by a server on loopback: its certificate chain."),
    ] = None,
    server_key: Annotated[
        Path | None, typer.Option(help="That server's private key, which only you may read.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing: clients that are not here are absent.")
    ] = False,
    form: options.Form = None,
    json: options.Json = False,
    now: Annotated[
        str | None, typer.Option(help="Take this for the present, for tests.", hidden=True)
    ] = None,
) -> None:
    """Prove that packages make clients trust the bundle.

    And that removing them ends it: real clients are asked before, installed, upgraded and removed.

    The packages are built once more for a throw-away replica of the bundle, since no CA key is at hand: a
    recipe proof. With --url or --server-cert and --server-key the real packages are proven. With --repo they
    are installed by name: the real ones from the site itself, the replica's from a replica of the site, if
    the site offers the release. In JSON it prints proof.json.
    """
    from dataclasses import replace

    from builder.prove import case as cases
    from builder.prove import command, outlook

    as_json = options.chosen(form, json=json) == "json"
    question = _question(url, server_cert, server_key)
    case = cases.find(out, org, config, target, now=environment.clock(now), realm=realm)
    case = replace(case, clients=frozenset(client or ()), root=root, offline=offline)
    outlook.check(case)
    site = _site(repo, options.Bundled(config, realm), keys, unsigned=unsigned)
    for line in outlook.outlook(case):
        _progress(line)
    if question is None:
        proof = command.prove_recipes(case, site, progress=_progress)
    else:
        proof = command.prove_bundle(case, question, site, progress=_progress)
    _report(proof, out, as_json=as_json)


def _site(
    repo: str | None, bundled: options.Bundled, keys: Path | None, *, unsigned: bool
) -> PublishedSite | None:
    """Return the site of --repo; UsageError for what is no address, SignatureError without its keys."""
    if repo is None:
        if keys or unsigned:
            raise UsageError("--keys and --unsigned: are for --repo")
        return None
    if keys and unsigned:
        raise UsageError("--keys and --unsigned: give one of them")
    if not repo.startswith(("http://", "https://")):
        raise UsageError(
            f"--repo {repo}: is no http or https URL", hint="serve a folder first: trustpack repo serve"
        )
    from builder.prove.sites import PublishedSite
    from builder.repositories.stores.web import WebReader

    address = repo.rstrip("/")
    reader = WebReader(address, proxy=environment.proxy)
    return PublishedSite(address, reader, None if unsigned else environment.public_keys(bundled, keys))


def _question(url: str | None, chain: Path | None, key: Path | None) -> Question | None:
    """Return the question about a real server, or None for a recipe proof; UsageError for half of one."""
    from builder.prove.command import own_server, server_at

    if url is not None and (chain or key):
        raise UsageError("--url and --server-cert: give one of them")
    if (chain is None) != (key is None):
        raise UsageError("--server-cert and --server-key: give both")
    if url is not None:
        if not url.startswith("https://"):
            raise UsageError(f"--url {url}: does not begin with https://")
        return server_at(url)
    return own_server(chain, key) if chain and key else None


def _progress(text: str) -> None:
    tell("progress", [text])


def _report(proof: Proof, out: Path, *, as_json: bool) -> None:
    """Write and print the report; raise ProofError if the proof does not hold."""
    from builder.prove import report
    from builder.release.manifest import PROOFS

    text = report.to_json(proof)
    files = dict(zip(PROOFS, (text, report.to_markdown(proof)), strict=True))
    report.write(out, files, proven=proof.manifest)
    if as_json:
        typer.echo(text, nl=False)
    else:
        table(report.head(proof), report.rows(proof))
        for line in report.remarks(proof):
            typer.echo(f"- {line}")
        typer.echo(f"\n{report.summary(proof)}")
    reason = report.verdict(proof)
    if reason:
        raise ProofError(reason, hint=f"{out / PROOFS[1]} has the details")

"""`trustpack demo`: the whole promise in one command, with a throw-away CA."""

from __future__ import annotations

import contextlib
import datetime as dt
import shlex
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder.cli import ending, options
from builder.cli.messages import tell
from builder.cli.tables import table
from builder.errors import ProofError, ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.release.manifest import Manifest

_SLUG = "demo"
_HOST = "localhost"
_SECONDS = 120
# What any program of the user's would do: nothing here knows of trustpack.
_CLIENT = """\
import sys, urllib.error, urllib.request
try:
    print("accepted", urllib.request.urlopen(sys.argv[1], timeout=10).status)
except urllib.error.URLError as error:
    print("refused", error.reason)
"""


def demo(
    *,
    ci: Annotated[
        bool, typer.Option("--ci", help="Show the whole way: signed, on a site, by name, rotated, withdrawn.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="With --ci: keep the site in this folder.", parser=options.path, metavar="<path>"),
    ] = None,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Watch HTTPS be refused and accepted, with a throw-away CA.

    Its packages are built, and the wheel is installed into a fresh virtual environment and removed again.

    With --ci it shows what a CI job does, each step by its own command: the packages are proven, signed, put
    on a site and installed by name by pip, and by npm, gem and apt where they are; then a second CA comes,
    and the first is withdrawn. At a terminal the site can be looked at until Enter. Nothing else stays.
    """
    as_json = options.chosen(form, json=json) == "json"
    if ci:
        _whole_way(out, as_json=as_json)
        return
    if out is not None:
        raise UsageError("--out: is for --ci")
    if as_json:
        from builder.text.printed import printed

        found = _demonstrate(say=lambda line: tell("progress", [line]))
        typer.echo(printed(found), nl=False)
    else:
        _demonstrate(say=typer.echo)


def _whole_way(out: Path | None, *, as_json: bool) -> None:
    from builder.cli import demo_ci, demo_display
    from builder.text.printed import printed

    if out is not None and out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"--out {out}: is no empty folder", hint="name one that is not there yet")
    with ending.alike(), demo_ci.opened(dt.datetime.now(dt.UTC)) as scene:
        with demo_display.opened(as_json=as_json) as display:
            found = demo_ci.show(scene, display, out)
        if as_json:
            typer.echo(printed(found), nl=False)
            return
        _conclude(found)
        if out is not None:
            typer.echo(f"The site is in {out}, without its keys. To look at it again:\n")
            typer.echo(f"  trustpack repo serve {shlex.quote(str(out))} --port {scene.port}\n")
        elif sys.stdin.isatty() and sys.stdout.isatty():
            typer.echo(
                f"Now open {found['url']}, the site's front page.\nEnter ends it, and removes everything."
            )
            with contextlib.suppress(KeyboardInterrupt):
                sys.stdin.readline()
        else:
            typer.echo("All of it is removed again; --out FOLDER keeps the site.")


def _conclude(found: dict[str, Any]) -> None:
    """Print what each client answered, phase by phase."""
    from builder.cli.demo_ci import PHASES

    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for one in found["answers"]:
        rows.setdefault((one["target"], one["client"], one["ca"]), {})[one["phase"]] = one["answer"]
    typer.echo()
    head = ("package", "client", "server of", *PHASES)
    table(head, [(*who, *(answers.get(phase, "") for phase in PHASES)) for who, answers in rows.items()])
    for one in found["not_shown"]:
        typer.echo(f"{one['target']}: not shown, because {one['reason']}")
    seconds = sum(step["milliseconds"] for step in found["steps"]) / 1000
    typer.echo(f"\n{len(found['steps'])} steps in {seconds:.0f} seconds. ", nl=False)


def _demonstrate(*, say: Callable[[str], None]) -> dict[str, Any]:
    """Tell `say` each step; return what was built and answered; raise ProofError on a broken promise."""
    from builder.prove import authority
    from builder.prove.server import serve
    from builder.release import scratch

    now = dt.datetime.now(dt.UTC)
    ca = authority.create("trustpack demo root", now=now, days=30)
    with scratch.folder("demo") as folder:
        say("1. Making a throw-away CA (its private key stays in memory)")
        (folder / "roots.pem").write_bytes(ca.pem)
        say("2. trustpack build roots.pem --org demo")
        manifest = _build(folder, now)
        for entry in manifest.artifacts:
            say(f"     {entry.target:<9} {entry.file}")
        say("3. python -m venv fresh")
        python = _environment(folder / "fresh")
        leaf = authority.issue(ca, [_HOST], now=now)
        with serve(leaf) as port:
            url = f"https://{_HOST}:{port}/"
            say(f"4. urllib.request.urlopen('{url}')  before")
            answers = {"before": _expect("refused", python, url, say)}
            wheel = next(entry.file for entry in manifest.artifacts if entry.target == "wheel")
            say(f"5. pip install {wheel}")
            _pip(python, "install", "--no-index", "--no-deps", str(folder / "dist" / wheel))
            say(f"6. urllib.request.urlopen('{url}')  after")
            answers["installed"] = _expect("accepted", python, url, say)
            say(f"7. pip uninstall {_SLUG}-certifi")
            _pip(python, "uninstall", "--yes", f"{_SLUG}-certifi")
            say(f"8. urllib.request.urlopen('{url}')  uninstalled")
            answers["removed"] = _expect("refused", python, url, say)
    say("Refused, accepted, refused: the package made the difference, and left nothing behind.")
    return {
        "artifacts": [{"target": entry.target, "file": entry.file} for entry in manifest.artifacts],
        "answers": [
            {"phase": phase, "answer": answer, "reason": reason}
            for phase, (answer, _, reason) in ((key, said.partition(" ")) for key, said in answers.items())
        ],
    }


def _build(folder: Path, now: dt.datetime) -> Manifest:
    from builder.pipeline import build as pipeline
    from builder.pipeline import project as projects
    from builder.pipeline.accept import accept
    from builder.pipeline.request import request

    project = projects.find([str(folder / "roots.pem")], _SLUG, None, now=now)
    wanted = request(project, accept(project).bundle)
    return pipeline.build(wanted, folder / "dist")


def _environment(folder: Path) -> Path:
    try:
        venv.create(folder, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise ToolError(
            f"{folder}: no virtual environment could be made", hint="on Debian: apt install python3-venv"
        ) from error
    return folder / "bin" / "python"


def _pip(python: Path, *arguments: str) -> None:
    _run([str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments])


def _expect(verdict: str, python: Path, url: str, say: Callable[[str], None]) -> str:
    """Return the client's answer, whose first word is to be the verdict."""
    answer = _run([str(python), "-c", _CLIENT, url]).strip()
    say(f"     {answer}")
    if not answer.startswith(verdict):
        raise ProofError(f"demo: expected '{verdict}', the client said '{answer}'")
    return answer


def _run(command: list[str]) -> str:
    # An empty environment: many machines export SSL_CERT_FILE, which would be tested instead.
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise ToolError(f"{command[0]}: failed: {done.stderr.strip()}")
    return done.stdout

"""Options that would do nothing beside others are refused: nobody is to believe that one did something."""

from __future__ import annotations

import contextlib
import functools
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from builder.cli import COMMANDS
from builder.errors import LockError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [pem]\n"
SITE = "https://packages.acme.example"
DIGEST = "0" * 64
LINES = {
    f"check --site {SITE} --unsigned --keys k": "--keys and --unsigned",
    f"check --site {SITE} --certificate c --config trustpack.yaml": "--config: says nothing",
    f"check --site {SITE} --password-file p": "--password-file: is about trust stores",
    "check --site site --unsigned --ca-file c": "--ca-file: is about a web server",
    "check roots.pem --config trustpack.yaml": "--config: says nothing",
    f"keys new --gpg {DIGEST[:40]} --public p": "--gpg and --public",
    f"keys rotate --gpg-next {DIGEST[:40]} --public-next p": "--gpg-next and --public-next",
    "keys rotate --finish --encrypt --password-file p": "--password-file and --encrypt: is about new keys",
    "lock --approved --dry-run": "--dry-run: does nothing",
    "lock --approved --change-scheme": "--sign and --approved",
    "lock --sign k --password-file p": "--password-file: does nothing",
    "lock --hosts hosts.json": "--hosts: does nothing where lifecycle.hosts asks",
    "lock --check --hosts hosts.json": "--hosts: does nothing beside --check",
    "lock --approved --hosts hosts.json": "--hosts: does nothing",
    "names --offline --registry pypi=https://pypi.acme.example": "--registry: is idle",
    "plan --out dist": "--out: trustpack.lock tells which",
    "recipes list --folder nowhere": "--folder nowhere: is no folder",
    f"prove --repo {SITE} --keys k --unsigned": "--keys and --unsigned",
    "repo add --unsigned --keys k": "--keys: signs nothing",
    "repo check --unsigned --keys k": "--keys: is idle",
    "repo export s.tar --certificate c --keys k": "--keys and --certificate",
    f"repo fetch {SITE} --unsigned --certificate c": "--certificate and --unsigned",
    "repo push to --unsigned --keys k": "--keys and --unsigned",
}


@pytest.fixture(scope="module", autouse=True)
def made(tmp_path_factory: pytest.TempPathFactory, roots: bytes) -> Iterator[Path]:
    """Be in the folder of a project with a lock and a release."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "roots.pem").write_bytes(roots)
    (folder / "trustpack.yaml").write_text(CONFIG)
    with contextlib.chdir(folder):
        for line in ("lock", "build --quiet"):
            assert not ran(line).exception
        yield folder


@functools.cache
def commands() -> typer.Typer:
    """Return the commands that are tried, apart from the program's own list of them."""
    app = typer.Typer()
    for name in dict.fromkeys(line.split()[0] for line in (*LINES, "build", "attest", "sign")):
        module = import_module(f"builder.cli.{COMMANDS[name][0]}")
        if several := getattr(module, "app", None):
            app.add_typer(several, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def ran(line: str) -> Result:
    """Run a command in this process: nothing comes of it but an error."""
    return CliRunner().invoke(commands(), line.split(), env={"TRUSTPACK_ANCHOR": None})


def refused(line: str) -> str:
    """Return the usage error that a command ends with."""
    error = ran(line).exception
    assert isinstance(error, UsageError), line
    return str(error)


@pytest.mark.parametrize("line", LINES)
def test_an_idle_option_is_refused(line: str) -> None:
    """As wrong usage, before anything else is looked at."""
    assert LINES[line] in refused(line)


def test_a_release_to_compare_with_is_refused_where_the_lock_has_one() -> None:
    """Both cannot be what the notes tell."""
    assert "--since: trustpack.lock tells which" in refused("attest --since dist")


def test_a_certificate_for_profiles_signs_no_site(tmp_path: Path) -> None:
    """What is on a site was signed before it came there."""
    status = tmp_path / "trustpack/status"
    status.parent.mkdir()
    status.touch()
    said = refused(f"sign {tmp_path} --profile-cert c --profile-key k")
    assert said.endswith(f"--profile-cert: {tmp_path} holds a site")


@pytest.mark.parametrize("line", ["lock", "lock --check", "lock --dry-run", "lock --bump"])
def test_a_lock_must_go_on_from_its_anchor(made: Path, line: str) -> None:
    """One without approvals goes on from none; nothing is written."""
    before = (made / "trustpack.lock").read_bytes()
    error = ran(f"{line} --anchor {DIGEST}").exception
    assert isinstance(error, LockError)
    assert "has no approvals, and 0000" in str(error)
    assert before == (made / "trustpack.lock").read_bytes()

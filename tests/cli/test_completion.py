"""Shells complete what is known: in a real bash at a terminal, and as zsh and fish ask for it."""

import os
import pty
import re
import subprocess
from collections.abc import Sequence

import pytest

from builder.docs.schemas import NAMES as DOCUMENTS
from builder.rules import RULES
from tests.cli.conftest import ENVIRONMENT, PROGRAM, World
from tests.commands import commands

# What is typed, and what the tabulator makes of it.
TYPED = {
    "trustpack recipes li": "trustpack recipes list ",
    "trustpack build --targ": "trustpack build --target ",
    "trustpack build --target whe": "trustpack build --target wheel ",
    "trustpack build --target=whe": "trustpack build --target=wheel ",
    "trustpack build --target deb,whe": "trustpack build --target deb,wheel ",
    "trustpack prove --target=deb,whe": "trustpack prove --target=deb,wheel ",
    "trustpack prove --client truststo": "trustpack prove --client truststore ",
    "trustpack prove --root folde": "trustpack prove --root folder/ ",
    "trustpack lint --for java17,go1.26": "trustpack lint --for java17,go1.26 ",
    "trustpack lint --format sa": "trustpack lint --format sarif ",
    "trustpack lint --expired re": "trustpack lint --expired refuse ",
    "trustpack plan --format=js": "trustpack plan --format=json ",
    "trustpack explain compromised-": "trustpack explain compromised-root ",
    "trustpack docs tut": "trustpack docs tutorial ",
    "trustpack schema manif": "trustpack schema manifest ",
    "trustpack recipes show whe": "trustpack recipes show wheel ",
    "trustpack build root": "trustpack build roots.pem ",
}
# Options whose values cannot be known, and what stands for a file's or folder's path, which shells complete.
FREE = {
    "anchor", "bundle", "org", "release", "now", "seconds", "within", "url", "jobs", "registry",
    "paths", "inputs", "old", "new", "config", "out", "password_file", "prometheus", "ics", "folder",
    "server_cert", "server_key", "ca_file", "certificate", "file", "gpg", "gpg_next", "keys", "port",
    "builder", "public", "public_next", "reason", "record", "releases", "run", "sign", "since",
    "repo", "site", "source", "to", "lock", "what", "places", "timeout",
    "profile_cert", "profile_key", "inventory", "max_age", "at_least", "html", "csv", "openmetrics", "hosts",
    "orgs", "only", "scheduler", "tls_ca_file", "tls_cert", "tls_key",
}  # fmt: skip


def _typed(world: World, lines: Sequence[str]) -> list[str]:
    """Type each line in bash, press the tabulator, and return what stands there then, as echo prints it."""
    script = world.run(env={"_TRUSTPACK_COMPLETE": "source_bash"}).out
    world.write("completion.sh", script)
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        cwd=world.folder,
        env=ENVIRONMENT | {"PATH": f"{PROGRAM.parent}:/usr/bin:/bin", "TERM": "dumb", "PS1": "$ "},
        stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as bash:  # fmt: skip
        os.close(terminal)
        keys = [". ./completion.sh\n"]
        # Ctrl-A goes to the line's begin: what was completed is printed, and not run. The bars show spaces.
        keys += [f"{line}\t|'\x01echo = '\n" for line in lines]
        os.write(keyboard, "".join([*keys, "exit\n"]).encode())
        said = bash.communicate(timeout=120)[0]
    os.close(keyboard)
    return re.findall(r"^= (.*)\|", said, re.MULTILINE)


def test_bash_completes_what_is_known(world: World) -> None:
    """Options, their values, lists after a comma, and values behind an equals sign."""
    (world.folder / "folder").mkdir()
    assert _typed(world, list(TYPED)) == list(TYPED.values())


def test_every_option_with_known_values_completes_them() -> None:
    """By its choices or by a list of ours; a new one must be of either kind, or free."""
    silent = {
        f"{command.path} {part.name}"
        for command in commands()
        for part in command.parts.params
        if not getattr(part, "is_flag", False)
        and not getattr(part.type, "choices", ())
        and part._custom_shell_complete is None  # noqa: SLF001  typer has no other name for it
        and part.name not in FREE
    }
    assert silent == set()


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("schema ", DOCUMENTS),
        ("explain ", RULES),
        ("explain serial", ("serial-too-long", "serial-not-positive")),
    ],
)
def test_zsh_and_fish_are_told_the_same(world: World, line: str, known: Sequence[str]) -> None:
    """Each in the form that its script evaluates."""
    asked = {"_TYPER_COMPLETE_ARGS": f"trustpack {line}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    fish = world.run(env=asked | {"_TRUSTPACK_COMPLETE": "complete_fish"}).out.split()
    zsh = world.run(env=asked | {"_TRUSTPACK_COMPLETE": "complete_zsh"}).out
    assert fish == list(known)
    assert re.findall('"(.+?)"', zsh) == list(known)

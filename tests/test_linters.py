"""Linters as tests: Python by ruff and mypy, shipped shell scripts by shellcheck and three shells."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder import render
from builder.model.release import Release
from builder.render import recipe
from tests import targets
from tests.tools import require
from tests.unit import bundles

ROOT = Path(__file__).parents[1]
# As hostile as a configuration may be: what is quoted wrongly shows as a syntax error or a warning.
HOSTILE = bundles.organisation(
    name='O\'Neil & "Söhne" <`id`> \\ {{ x }} %s #! * ~ ; | 日本',
    summary='It\'s a "test" of `quotes` \\',
    contact_name="J. O'Neil",
)
SHELLS = [["dash", "-n"], ["bash", "--posix", "-n"], ["busybox", "ash", "-n"]]


def run(*command: str) -> str:
    """Run a linter on the repository; return what it complains about."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_no_fault() -> None:
    """Every rule of the wide selection in pyproject.toml."""
    assert run("ruff", "check", "--quiet", "--output-format", "concise", ".") == ""


def test_ruff_would_format_nothing() -> None:
    """The layout is the formatter's."""
    assert run("ruff", "format", "--check", "--quiet", ".") == ""


def test_mypy_is_strictly_content() -> None:
    """Product and tests are typed throughout."""
    assert run("mypy", "--no-error-summary") == ""


def scripts() -> Iterator[tuple[str, bytes]]:
    """Yield every shell script of every target, with every combination of its settings."""
    bundle = bundles.bundle("Acme Root", "Acme's Other Root")
    for source in recipe.sources().values():
        read = recipe.read(source)
        for choice in itertools.product(*(setting.choices for setting in read.settings.values())):
            subject = render.target_release(
                read,
                source.templates,
                HOSTILE,
                bundle,
                Release("20261124"),
                epoch=1_795_478_400,
                settings=dict(zip(read.settings, choice, strict=True)),
            )
            known = {output.id: "0" * 64 for output in read.outputs}
            for output in read.outputs:
                package = render.package(subject, output, digests=known, filenames=known)
                files = {file.path: file.data for file in package.files} | dict(package.scripts)
                for path, data in files.items():
                    if path in package.scripts or data.startswith((b"#!/bin/sh", b"#!/usr/bin/env sh")):
                        yield "-".join([source.target, *choice, Path(path).name]), data


SCRIPTS = dict(scripts())


def test_there_are_scripts_to_check() -> None:
    """Every target whose recipe has maintainer scripts is among them, and some have."""
    having = {name for name, one in targets.ALL.items() if any(o.scripts for o in one.recipe.outputs)}
    assert having
    assert {name.split("-")[0] for name in SCRIPTS} >= having


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_no_fault(name: str) -> None:
    """As POSIX sh, every optional check but the ones about style."""
    command = [require("shellcheck"), "--shell=sh", "--format=gcc", "-"]
    done = subprocess.run(
        command, input=SCRIPTS[name], capture_output=True, check=False, env={"LANG": "C.UTF-8"}
    )
    assert done.stdout.decode() == ""


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_shell_can_read_it(name: str, shell: list[str]) -> None:
    """Debian's dash, bash as rpm runs it, and Alpine's busybox."""
    done = subprocess.run(
        [require(shell[0]), *shell[1:]], input=SCRIPTS[name], capture_output=True, check=False, env={}
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_its_interpreter_and_ends_in_a_newline(name: str) -> None:
    """What dpkg, rpm and apk run is a whole POSIX script."""
    assert SCRIPTS[name].startswith(b"#!/bin/sh\n") or name.startswith("rpm")
    assert SCRIPTS[name].endswith(b"\n")
    assert b"\r" not in SCRIPTS[name]

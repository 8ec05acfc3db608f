"""Linters as tests: the hooks of pre-commit; shell scripts in packages by shellcheck and three shells."""

import itertools
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from builder import render
from builder.model.release import Release
from builder.render import recipe
from tests import targets
from tests.test_repository import tracked
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


def hooks() -> Iterator[tuple[str, list[str]]]:
    """Yield the id and the command of each hook of pre-commit, but for the one that runs these tests."""
    read = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    for hook in read["repos"][0]["hooks"]:
        words = shlex.split(hook["entry"].replace(".venv/bin", str(Path(sys.executable).parent)))
        if "pytest" not in words:
            yield hook["id"], words


HOOKS = dict(hooks())
FILES = {"ruff": ["."], "ruff-format": ["."]}


def shell_scripts() -> list[str]:
    """Return the shell scripts of the repository, but for templates and golden files."""
    files = [path for path in tracked() if not path.startswith("tests/golden/") and (ROOT / path).is_file()]
    return [
        path
        for path in files
        if path.endswith(".sh") or (not path.endswith(".j2") and is_script((ROOT / path).read_bytes()))
    ]


def is_script(data: bytes) -> bool:
    """Return whether a file is run by a POSIX shell."""
    return data.startswith((b"#!/bin/sh", b"#!/usr/bin/env sh"))


@pytest.mark.parametrize("hook", HOOKS)
def test_a_linter_finds_no_fault(hook: str) -> None:
    """Each hook of .pre-commit-config.yaml, on all the files of the repository that it is for."""
    program, *words = HOOKS[hook]
    files = shell_scripts() if hook == "shellcheck" else FILES.get(hook, [])
    done = subprocess.run(
        [require(program), *words, *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_linter_is_a_hook() -> None:
    """What the list of hooks lacks is not run here either."""
    assert {"ruff", "ruff-format", "mypy", "shellcheck", "zizmor"} == HOOKS.keys()


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
                    if path in package.scripts or is_script(data):
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

"""The guide's commands run as they stand, page by page, and say what the page says that they say."""

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, Block, blocks
from tests.repositories.webservers import free_port
from tests.tools import require

BUNDLE = Path(__file__).parent / "bundle"
# The day of which the guide tells, so that releases have the names that it shows.
DAY = "2026-11-28"
SECONDS = 180
# Where the guide's sites are served; each page of a test run has a port of its own.
PORT = ":8000"
# What a command needs beside trustpack and a shell's own programs.
PROGRAMS = {"gem", "java", "keytool", "npm", "npx", "openssl", "ruby", "ssh-keygen"}


@dataclass(frozen=True)
class Command:
    """One line after a `$`, what it is to print, and the status that it ends with."""

    where: str
    line: str
    output: tuple[str, ...]
    code: int
    day: str


def steps(page: str) -> list[Block]:
    """Return the page's blocks that change the reader's folder: commands, and files."""
    return [block for block in blocks(page) if block.language == "console" or block.file]


def commands(block: Block) -> list[Command]:
    """Return the commands of a console block: `exit=` beside its language is the status of the last one."""
    found: list[Command] = []
    for line in block.text.splitlines():
        if found and not found[-1].output and found[-1].line.endswith("\\"):
            found[-1] = replace(found[-1], line=f"{found[-1].line}\n{line}")
        elif line.startswith("$ "):
            found.append(Command(block.where, line[2:], (), 0, block.options.get("day", DAY)))
        else:
            found[-1] = replace(found[-1], output=(*found[-1].output, line))
    return [*found[:-1], replace(found[-1], code=int(block.options.get("exit", "0")))]


def matches(expected: tuple[str, ...], output: str) -> bool:
    """Tell whether an output is what a page shows; `…` stands for anything, alone in a line for any lines."""
    lines = [".*".join(map(re.escape, line.split("…"))) for line in expected]
    pattern = "".join(r"(?:.*\n)*" if line == ".*" else rf"{line}\n" for line in lines)
    return re.fullmatch(pattern, output) is not None


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        (("a", "b", "c"), True),
        (("a", "…"), True),
        (("…", "c"), True),
        (("…", "b…", "c"), True),
        (("a", "c"), False),
        (("a", "b"), False),
        (("…", "b"), False),
        (("A", "…"), False),
    ],
)
def test_an_output_that_is_another_is_found(expected: tuple[str, ...], holds: bool) -> None:
    """Nothing may be missing, and nothing more be there, where the page does not say so."""
    assert matches(expected, "a\nb\nc\n") is holds


def environment(command: Command, folder: Path, programs: Path, port: int) -> dict[str, str]:
    """Return nothing but what every account has, and what the tests' trustpack is to know."""
    return {
        "PATH": os.pathsep.join([str(programs), str(folder / "gems/bin"), os.defpath]),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "DAY": command.day,
        "PORT": str(port),
        "GEM_HOME": str(folder / "gems"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def run(command: Command, folder: Path, programs: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does."""
    return subprocess.run(
        ["sh", "-c", command.line.replace(PORT, f":{port}")],
        cwd=folder,
        env=environment(command, folder, programs, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextlib.contextmanager
def serving(command: Command, folder: Path, programs: Path, port: int) -> Iterator[None]:
    """Run a command that serves, as `&` at its end says, until the page is read."""
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command.line.removesuffix(' &')}"],
        cwd=folder,
        env=environment(command, folder, programs, port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a trustpack that takes $DAY for today where a release may be named after it."""
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "trustpack"
    real = shlex.quote(str(Path(sys.executable).with_name("trustpack")))
    program.write_text(
        f"""#!/bin/sh
case $1 in
build | lock | plan) exec {real} "$@" --now "$DAY" ;;
batch) exec {real} "$@" --now "$DAY" ;;
doctor) case $2 in report) exec {real} "$@" --now "$DAY" ;; *) exec {real} "$@" ;; esac ;;
repo) case $2 in serve) exec {real} "$@" --port "$PORT" ;; *) exec {real} "$@" ;; esac ;;
*) exec {real} "$@" ;;
esac
"""
    )
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if steps(page)])
def test_the_commands_of_a_page_do_what_it_says(page: str, programs: Path, tmp_path: Path) -> None:
    """Each works after those above it, in a folder with a bundle, and with an empty environment."""
    shutil.copytree(BUNDLE, tmp_path, dirs_exist_ok=True)
    port = free_port()
    with contextlib.ExitStack() as stack:
        for block in steps(page):
            if block.file:
                (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / block.file).write_text(block.text.replace(PORT, f":{port}"), "utf-8")
                continue
            for command in commands(block):
                for program in PROGRAMS & set(command.line.split()):
                    require(program)
                if command.line.endswith(" &"):
                    stack.enter_context(serving(command, tmp_path, programs, port))
                    continue
                done = run(command, tmp_path, programs, port)
                said = f"{command.where}: {command.line}\n{done.stdout}"
                assert done.returncode == command.code, said
                output = done.stdout.replace(f":{port}", PORT)
                assert not command.output or matches(command.output, output), said

"""`trustpack demo`: the promise in one command, and with --ci the whole way."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.cli.demo_ci import NEW, OLD, TITLES
from builder.cli.demo_display import Lines
from builder.cli.demo_walk import Walk
from builder.errors import ProofError, ToolError
from tests.cli.conftest import ENVIRONMENT, PROGRAM
from tests.cli.test_printed_json import faults
from tests.tools import ignoring_interrupts, require, require_linux, require_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import World

_SECONDS = 300
_ENTER = b"\n"
_INTERRUPTED = 130
# What a client answers about the servers of the old and of the new CA, phase by phase.
_WAY = {
    ("before", OLD): "refused",
    ("installed", OLD): "accepted",
    ("installed", NEW): "refused",
    ("rotated", OLD): "accepted",
    ("rotated", NEW): "accepted",
    ("withdrawn", OLD): "refused",
    ("withdrawn", NEW): "accepted",
}


@contextmanager
def started(world: World, *options: str, path: str = ENVIRONMENT["PATH"]) -> Iterator[subprocess.Popen[str]]:
    """Start the whole way as a script's background job; end it by force where it does not end."""
    (world.folder / "tmp").mkdir()
    with ignoring_interrupts():
        process = subprocess.Popen(
            [PROGRAM, "demo", "--ci", *options],
            cwd=world.folder,
            env=ENVIRONMENT | {"PATH": path, "TMPDIR": str(world.folder / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    watchdog = threading.Timer(_SECONDS, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def left(world: World) -> list[str]:
    """Return what is left in the folder for temporary files, and each process that knows of it."""
    where = str(world.folder / "tmp")
    found = [str(path) for path in Path(where).iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = [(process / name).read_bytes() for name in ("cmdline", "environ")]
        except OSError:  # it has ended
            continue
        if any(where.encode() in text for text in told):
            found.append(told[0].replace(b"\0", b" ").decode())
    return found


def test_the_demo_refuses_accepts_and_refuses_again(world: World) -> None:
    """A fresh environment's urllib follows the package, and nothing is left behind."""
    (world.folder / "tmp").mkdir()
    done = world.run("demo", env={"TMPDIR": str(world.folder / "tmp")})
    verdicts = [
        line.split()[0] for line in done.out.splitlines() if line.startswith("     ") and "://" not in line
    ]
    assert (done.code, done.err) == (0, "")
    assert [word for word in verdicts if word in {"refused", "accepted"}] == [
        "refused",
        "accepted",
        "refused",
    ]
    assert list(Path(world.folder / "tmp").iterdir()) == []
    assert world.files(".") == ["roots.pem", "tmp"]


def test_the_whole_way_is_gone_and_told_and_only_the_site_stays(world: World) -> None:
    """With pip alone, where no other package manager is found; the site that is kept has no private key."""
    require_linux()
    with started(world, "--json", "--out", "kept", path=str(world.folder)) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert left(world) == []
    assert faults("demo-ci", out) == []
    found = json.loads(out)
    assert {(one["phase"], one["ca"]): one["answer"] for one in found["answers"]} == _WAY
    assert {one["client"].split()[0] for one in found["answers"]} == {"urllib"}
    assert {one["target"] for one in found["not_shown"]} == {"npm", "gem", "deb", "rpm", "apk"}
    assert [one["withdrawn"] for one in found["releases"]] == [True, True, False]
    assert [step["title"] for step in found["steps"]] == [*TITLES, "Keep the site"]
    typed = [shlex.split(line) for step in found["steps"] for line in step["commands"]]
    commands = " ".join(words[1] for words in typed if words[0] == "trustpack")
    assert commands == (
        "lint lock build prove keys attest sign verify repo repo repo verify "
        "plan lock build attest sign repo plan lock build attest sign repo repo repo repo repo"
    )
    assert [json.loads(line)["message"]["level"] for line in err.splitlines()[:3]] == ["progress"] * 3
    assert world.run("check", "--site", "kept", "--certificate", "kept/demo.asc").code == 0
    files = [path for path in (world.folder / "kept").rglob("*") if path.is_file()]
    assert [path for path in files if b"PRIVATE KEY" in path.read_bytes()] == []
    again = world.run("demo", "--ci", "--out", "kept")
    assert (again.code, "--out kept: is no empty folder" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("$ trustpack prove", signal.SIGINT),
        pytest.param("$ trustpack build", signal.SIGTERM, marks=pytest.mark.long),
        pytest.param("[9/13]", signal.SIGINT, marks=pytest.mark.long),
        pytest.param("[12/13]", signal.SIGHUP, marks=pytest.mark.long),
        pytest.param("$ trustpack repo retire", signal.SIGINT, marks=pytest.mark.long),
        pytest.param("[13/13]", signal.SIGTERM, marks=pytest.mark.long),
    ],
)
def test_who_ends_it_finds_nothing_left(world: World, line: str, number: int) -> None:
    """No process and no file, wherever it was: here while testbeds are made in other threads, too."""
    require_linux()
    with started(world) as process:
        assert process.stdout
        while line not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(1.5)
        process.send_signal(number)
        process.communicate()
    assert (process.returncode, left(world)) == (_INTERRUPTED, [])


@pytest.mark.long
def test_all_clients_of_this_machine_go_the_whole_way(world: World) -> None:
    """Each answers as pip's does: of npm, of gem, and of apt in a sandbox."""
    require_mounts()
    for program in ("npm", "gem", "apt-get", "curl"):
        require(program)
    with started(world, "--json") as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    found: dict[str, dict[tuple[str, str], str]] = {}
    for one in json.loads(out)["answers"]:
        found.setdefault(one["target"], {})[one["phase"], one["ca"]] = one["answer"]
    assert found == dict.fromkeys(("wheel", "npm", "gem", "deb"), _WAY)


@pytest.mark.long
def test_at_a_terminal_the_page_is_there_until_enter(world: World) -> None:
    """The site's front page, which tells people of a release and of those that are withdrawn."""
    (world.folder / "tmp").mkdir()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(world.folder)
        os.execve(  # noqa: S606  that is a terminal's shell
            PROGRAM,
            [str(PROGRAM), "demo", "--ci"],
            ENVIRONMENT | {"TERM": "xterm-256color", "TMPDIR": str(world.folder / "tmp")},
        )
    said = b""
    while not (page := re.search(rb"Now open (http://127\.0\.0\.1:\d+/)", said)):
        assert select.select([terminal], [], [], _SECONDS)[0], said
        said += os.read(terminal, 1 << 16)
    with urllib.request.urlopen(page[1].decode(), timeout=10) as answer:  # noqa: S310  of http
        assert "demo" in answer.read().decode().lower()
    os.write(terminal, _ENTER)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert left(world) == []
    assert b"12/13" in said


def test_a_broken_promise_names_its_step(tmp_path: Path) -> None:
    """And what was typed, and why that failed; a tool that is missing is no broken promise."""
    walk = Walk(tmp_path, Lines(lambda _: None), ["Write it down", "Look"])
    walk.project.mkdir()
    wanted = r"^demo, step 1 \(Write it down\): trustpack lock: ended with 3: error: .*trustpack\.yaml"
    with pytest.raises(ProofError, match=wanted), walk.step():
        walk.trustpack("lock")
    with pytest.raises(ToolError, match=r"^gem: is missing$"), walk.step():
        raise ToolError("gem: is missing")


def test_out_is_for_the_whole_way_alone(world: World) -> None:
    """The short one keeps nothing."""
    done = world.run("demo", "--out", "kept")
    assert (done.code, done.err) == (2, "error: --out: is for --ci\n")

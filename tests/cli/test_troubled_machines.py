"""What trustpack says on machines with full disks, closed streams, forbidden folders and strange clocks."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from tests.cli.conftest import ENVIRONMENT, PROGRAM, World
from tests.tools import require, require_mounts

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-11-24T12:00:00Z"


def shell(world: World, script: str) -> tuple[int, str]:
    """Run a script in which $T is trustpack; return its exit code and its standard error."""
    done = subprocess.run(
        ["sh", "-c", script], cwd=world.folder, env=ENVIRONMENT | {"T": str(PROGRAM)},
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["lint roots.pem", "schema", "explain", "check roots.pem"])
def test_a_full_disk_behind_standard_output_is_an_error(world: World, command: str) -> None:
    """It is one line, and neither a traceback nor a success."""
    assert shell(world, f"$T {command} > /dev/full") == (
        8,
        "error: standard output: No space left on device\n",
    )


def test_closed_streams_are_empty_ones(world: World) -> None:
    """A daemon's child builds without any, and nothing is read from a standard input that is closed."""
    assert shell(world, "$T build roots.pem --org acme --target pem <&- >&- 2>&-") == (0, "")
    assert "SHA256SUMS" in world.files()
    code, said = shell(world, "$T lint - <&- >&-")
    assert (code, said) == (4, "")


def test_a_reader_that_goes_away_is_no_crash(world: World) -> None:
    """`trustpack explain | head -1` ends quietly."""
    assert shell(world, "$T explain | head -1 >&2")[1].count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        "build roots.pem --org acme --target pem", "build none --org acme",
        "init roots.pem --org acme --config new.yaml", "lint roots.pem --json", "explain",
        "inspect roots.pem", "check roots.pem", "diff roots.pem roots.pem", "lock --dry-run", "plan",
        "schema lint", "recipes list", "recipes show deb", "docs", "--help", "lint --help", "nosuch",
    ],
)  # fmt: skip
def test_nobody_reading_is_no_crash(world: World, command: str) -> None:
    """Whatever a command prints, to whichever output, it ends as programs do whose reader has gone."""
    if command in {"plan", "lock --dry-run"}:
        world.write("trustpack.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n")
    script = f'(sleep 0.5; $T {command}; echo "$?" >code) 2>&1 | exec true'
    assert shell(world, f"{script}; while [ ! -s code ]; do sleep 0.1; done") == (0, "")
    assert (world.folder / "code").read_text() == "141\n"


@pytest.mark.parametrize("option", ["--prometheus", "--ics"])
def test_check_writes_into_pipes_and_through_links(world: World, option: str) -> None:
    """A pipe or device is never replaced by a file, and a link stays one."""
    pipe, link = world.folder / "pipe", world.folder / "link"
    os.mkfifo(pipe)
    link.symlink_to("target")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert world.run("check", "roots.pem", option, "pipe", "--now", NOW).code == 0
    reader.join(10)
    assert world.run("check", "roots.pem", option, "link", "--now", NOW).code == 0
    assert (pipe.is_fifo(), link.is_symlink()) == (True, True)
    assert read == [(world.folder / "target").read_bytes()]


def without_privileges(*command: str | Path) -> list[str | Path]:
    """Return a command that runs without root's right to read and write everything."""
    if os.geteuid() != 0:
        return list(command)
    drop = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    return [require("setpriv"), *drop, *command]


@pytest.mark.parametrize("command", ["lint", "check", "inspect"])
@pytest.mark.parametrize("name", ["closed/roots.pem", "a" * 5000])
def test_a_path_that_cannot_be_looked_up_is_an_error(world: World, command: str, name: str) -> None:
    """A file in a folder that must not be entered, or of a name that no system has, makes no traceback."""
    (world.folder / "closed").mkdir(mode=0o000)
    done = subprocess.run(
        without_privileges(PROGRAM, command, name), cwd=world.folder, env=ENVIRONMENT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert (done.returncode > 1, "Traceback" in said, name in said) == (True, False, True)


def test_no_temporary_files_are_needed(world: World) -> None:
    """A system that is read-only but for dist/ builds every package."""
    require_mounts()
    # Not hidden: this very checkout may lie there.
    lock = "mount --bind {0} {0}; mount -o remount,bind,ro {0}"
    script = "; ".join([
        *(lock.format(path) for path in ("/tmp", "/var/tmp")),  # noqa: S108
        "mount -t tmpfs none /mnt",
        "cd /mnt",
        '"$@"',
        "ls /mnt/dist",
    ])  # fmt: skip
    command = [
        "unshare",
        "-m",
        "sh",
        "-ec",
        script,
        "sh",
        str(PROGRAM),
        "build",
        "-",
        "--org",
        "acme",
        "--quiet",
    ]
    done = subprocess.run(
        command, cwd="/", env=ENVIRONMENT | {"PATH": os.defpath}, capture_output=True, check=False,
        input=(world.folder / "roots.pem").read_bytes(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    endings = {name.rsplit(b".", 1)[-1] for name in done.stdout.splitlines()}
    assert endings >= {b"apk", b"deb", b"gem", b"pem", b"rpm", b"tgz", b"whl"}


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("command", ["lint", "check"])
def test_a_clock_at_the_end_of_the_calendar_is_no_crash(world: World, command: str, moment: str) -> None:
    """Certificates may begin and end anywhere, and so may --now."""
    done = world.run(command, "roots.pem", "--now", moment)
    assert (done.code in {0, 1, 4}, done.err) == (True, "")


@pytest.mark.parametrize("command", [["lint"], ["check"], ["diff"], ["build", "--org", "acme"]])
def test_an_output_that_cannot_write_a_name_escapes_it(world: World, command: list[str]) -> None:
    """A crash of `check` would be an exit code of 1, and cron would take that for what is due."""
    name = "日本"
    made = authority.create(name, now=dt.datetime.now(dt.UTC))
    (world.folder / "named.pem").write_bytes(made.pem)
    words = [command[0], "roots.pem" if command[0] == "diff" else "named.pem", *command[1:]]
    words += ["named.pem"] if command[0] == "diff" else []
    done = world.run(*words, env={"PYTHONIOENCODING": "latin-1"})
    assert "Traceback" not in done.err
    assert done.code == (1 if command[0] == "diff" else 0)
    if command[0] in {"diff", "lint"}:
        assert "\\u65e5\\u672c" in done.out


def test_a_moment_beyond_the_calendar_is_refused(world: World) -> None:
    """--now is a time in UTC."""
    done = world.run("lint", "roots.pem", "--now", "0001-01-01T00:00+23:59")
    assert (done.code, done.err) == (2, "error: --now '0001-01-01T00:00+23:59': is beyond the calendar\n")


@pytest.mark.parametrize("epoch", ["9" * 5000, "4294967296", "-1", "1e9", " 1"])
def test_an_epoch_that_no_clock_has_is_refused(world: World, epoch: str) -> None:
    """However long it is; one that is too large is a number all the same."""
    done = world.build(env={"SOURCE_DATE_EPOCH": epoch})
    said = done.err.splitlines()[0].split(": ", 2)[2].removesuffix(" that packages can hold")
    assert (done.code, said) == (2, "is not a number of seconds since 1970")
    assert ("2106" in done.err) == epoch.isdigit()


@pytest.mark.parametrize("command", [["lint", ""], ["check", ""], ["diff", "", "roots.pem"]])
def test_an_empty_input_is_a_mistake_and_not_this_folder(world: World, command: list[str]) -> None:
    """The variable of a script that was not set must not name whatever lies here."""
    done = world.run(*command)
    assert (done.code, done.err.splitlines()[-1]) == (2, "hint: is a variable of the shell not set?")


@pytest.mark.parametrize("command", ["check", "diff roots.pem", "lint", "build --org acme"])
@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_a_pipe_or_a_device_is_not_waited_for(world: World, command: str, name: str) -> None:
    """It might never end, or give other bytes each time."""
    os.mkfifo(world.folder / "pipe")
    done = world.run(*command.split(), name)
    assert (done.code, f"{name}: is neither a regular file nor a folder" in done.out + done.err) == (4, True)

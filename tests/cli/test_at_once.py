"""Several commands at once, and commands that are killed: no update is lost, and nothing is left behind."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import ENVIRONMENT, PROGRAM, World
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [pem]\n"
# Runs trustpack, and kills it before its n-th change of a file in its folder. Nothing of ours is replaced:
# Python's own audit events tell when a file is about to be opened for writing, renamed, linked or removed.
KILLED = """
import os, signal, sys
left = int(sys.argv.pop(1))
def hook(event, arguments):
    global left
    if event not in {"open", "os.rename", "os.remove", "os.link"}: return
    if isinstance(arguments[0], int) or event == "open" and "r" in str(arguments[1] or "r"): return
    if not os.path.abspath(os.fsdecode(arguments[0])).startswith(os.getcwd()): return
    left -= 1
    if left == 0: os.kill(os.getpid(), signal.SIGKILL)
sys.dont_write_bytecode = True
import builder.cli
sys.addaudithook(hook)
builder.cli.main()
"""


def at_once(world: World, commands: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """Run commands at the same time; return how each ended and its standard error."""
    running = [
        subprocess.Popen(
            [PROGRAM, *words], cwd=world.folder, env=ENVIRONMENT, stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL, text=True,
        )
        for words in commands
    ]  # fmt: skip
    ended = [(each.communicate(timeout=120)[1], each.returncode) for each in running]
    return [(code, said) for said, code in ended]


def test_no_lock_is_lost_to_another(world: World) -> None:
    """Each run that ends well has its release in the history, and each other one says why it did not."""
    world.write("trustpack.yaml", CONFIG)
    assert world.run("lock", "--release", "2026.1").code == 0
    ended = at_once(world, [["lock", "--bump", "--release", f"2026.{i}"] for i in range(2, 8)])
    history = (world.folder / "trustpack.lock").read_text().count("- release: ")
    assert history == 1 + sum(code == 0 for code, _ in ended)
    assert {code for code, _ in ended} <= {0, 6, 8}
    for code, said in ended:
        assert code != 8 or said.startswith("error: .: another 'trustpack lock' is running here\n")
        assert code != 6 or "is lower than" in said


def test_a_lock_waits_for_nobody_and_reads_beside_one_that_writes(world: World) -> None:
    """--check and a build only read: what they see is whole."""
    world.write("trustpack.yaml", CONFIG)
    descriptor = os.open(world.folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert world.run("lock").code == 8
        assert world.run("lock", "--check").code == 1
        assert world.run("build").code == 0
    finally:
        os.close(descriptor)
    assert world.run("lock").code == 0


def test_only_one_init_writes_the_configuration(world: World) -> None:
    """The others say that it is there."""
    slugs = ["one", "two", "three"]
    ended = at_once(world, [["init", "roots.pem", "--org", slug] for slug in slugs])
    assert sorted(code for code, _ in ended) == [0, 8, 8]
    winner = slugs[[code for code, _ in ended].index(0)]
    assert f"slug: {winner} " in (world.folder / "trustpack.yaml").read_text()
    assert all("is there already" in said for code, said in ended if code)


@pytest.mark.parametrize(
    ("command", "made"),
    [
        ("lock --release 2026.1", "trustpack.lock"),
        ("check --prometheus ca.prom --ics ca.ics", "ca.ics"),
        ("build --release 2026.1", "dist"),
        ("init roots.pem --org acme --config new.yaml", "new.yaml"),
        ("recipes export npm", "recipes/npm.yaml"),
    ],
)
def test_what_a_killed_command_leaves_the_next_one_removes(world: World, command: str, made: str) -> None:
    """Killed before any change of any file; then the same command makes it good."""
    world.write("trustpack.yaml", CONFIG)
    words, number, code = command.split(), 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        number += 1
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(number), *words], cwd=world.folder, env=ENVIRONMENT,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        code = done.returncode
        again = world.run(*words)
        # What was complete before the kill may be there already.
        assert again.code == 0 or "is there already" in again.err, again
        left = list(world.folder.rglob(".trustpack-*"))
        assert (left, (world.folder / made).exists()) == ([], True), number
        for path in sorted(world.folder.rglob("*"), reverse=True):
            if path.name not in {"trustpack.yaml", "roots.pem"}:
                path.rmdir() if path.is_dir() else path.unlink()
    assert number > 2


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("dd if=/dev/zero of=fill bs=1k 2>/dev/null || :", "No space left on device"),
        ("mount -o remount,ro /mnt", "Read-only file system"),
    ],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing_is_named_and_left_as_it_was(world: World, trouble: str, said: str) -> None:
    """By the file that people know, and with nothing beside it."""
    world.write("trustpack.yaml", CONFIG)
    script = f"""
        mount -t tmpfs -o size=64k none /mnt; cp roots.pem trustpack.yaml /mnt; cd /mnt; mkdir dist
        {trouble}
        for command in lock build "check --ics ca.ics" "init roots.pem --org acme --config new.yaml"; do
            "$T" $command && exit 9 || :
        done
        rm -f fill; find . -type f
    """
    done = subprocess.run(
        [require("unshare"), "-m", "sh", "-ec", script], cwd=world.folder, capture_output=True, text=True,
        env=ENVIRONMENT | {"PATH": os.defpath, "T": str(PROGRAM)}, timeout=120, check=False,
    )  # fmt: skip
    if "unshare failed" in done.stderr or "permission denied" in done.stderr:
        pytest.skip("mount namespaces need privileges")
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    files = ["trustpack.lock", "dist/acme-ca-certs-*.pem", "ca.ics", "new.yaml"]
    assert len(errors) == len(files)
    for error, file in zip(errors, files, strict=True):
        assert fnmatch(error, f"error: {file}: cannot be written: {said}"), error
    assert {*done.stdout.split()} >= {"./roots.pem", "./trustpack.yaml"}
    assert not any(name in done.stdout for name in (".trustpack-", ".lock", ".ics", "new.yaml", "manifest"))

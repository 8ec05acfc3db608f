"""Several commands at once: no update is lost, and who only reads waits for nobody."""

from __future__ import annotations

import fcntl
import os
import subprocess
from typing import TYPE_CHECKING

from tests.cli.conftest import ENVIRONMENT, PROGRAM, World

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [pem]\n"


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

"""A build reads each of its papers once, so that all of it sees one state of them."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from builder.render import recipe
from tests.cli.conftest import World

_PROGRAM = """\
import os, sys
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        if "r" in str(arguments[1] or "r") and not (arguments[2] or 0) & os.O_DIRECTORY:
            print("opened", os.path.realpath(arguments[0]), file=sys.stderr)
sys.addaudithook(hook)
from builder.cli import main
sys.argv[0] = "trustpack"
main()
"""


def _opened(world: World, *arguments: str) -> Counter[str]:
    """Run a command and return how often it opened which file to read it."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=world.folder,
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    return Counter(
        Path(line.removeprefix("opened ")).name
        for line in done.stderr.splitlines()
        if line.startswith("opened ") and not line.endswith((".py", ".pyc"))
    )


def test_a_locked_build_over_another_reads_each_of_its_papers_once(world: World) -> None:
    """Configuration, bundle, lock, every recipe, and the manifest of the release before."""
    assert world.run("init", "roots.pem", "--org", "acme").code == 0
    assert world.run("lock").code == 0
    assert world.run("build").code == 0
    opened = _opened(world, "build", "--quiet")
    papers = ["trustpack.yaml", "roots.pem", "trustpack.lock", "manifest.json"]
    papers += [source.file.name for source in recipe.sources().values()]

    assert dict.fromkeys(papers, 1) == {name: opened[name] for name in papers}

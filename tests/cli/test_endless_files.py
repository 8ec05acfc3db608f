"""A pipe or a device in the place of a file that a command reads by its name: told at once, in words."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import World

_FILES = {
    "trustpack.yaml": ("build",),
    "trustpack.lock": ("lock", "--check"),
    "dist/manifest.json": ("build",),
    "password": ("lint", "roots.pem", "--password-file", "password"),
    "x.deb": ("inspect", "x.deb"),
    "y.deb": ("diff", "y.deb", "roots.pem"),
    "hosts.json": ("doctor", "report", "hosts.json"),
    "report.json": ("plan", "--hosts", "report.json"),
    "roots.pem": ("lint", "roots.pem"),
    "recipes/x.yaml": ("build", "--target", "x"),
}


def _stand_in(kind: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as stream:
            stream.truncate(1 << 40)  # which takes no room on the disk


@pytest.mark.parametrize("kind", ["pipe", "device", "large"])
@pytest.mark.parametrize("name", _FILES)
def test_it_is_told_and_not_read(name: str, kind: str, world: World) -> None:
    """In bounded time and memory, and never as an error of the program itself."""
    assert world.run("init", "roots.pem", "--org", "acme").code == 0
    assert world.run("lock").code == 0
    _stand_in(kind, world.folder / name)
    done = world.run(*_FILES[name])
    assert done.code not in {0, 1}
    assert "Traceback" not in done.err
    assert Path(name).name in done.out + done.err

"""Many organisations on a real local cluster: what comes out is what plain builds make of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.batch import folders
from tests.batch.running import trustpack

if TYPE_CHECKING:
    from pathlib import Path

_MANY = 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the organisations have been built."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(_MANY):
        folders.organisation(folder / "orgs", f"org-{number:03}")
    done = trustpack("batch", "build", "orgs", "--out", "out", "--now", folders.NOW, cwd=folder)
    assert (done.returncode, done.stdout) == (
        0,
        f"{_MANY} organisations: {_MANY} built, 0 skipped, 0 failed\n",
    )
    return folder


def test_each_is_what_a_plain_build_makes(world: Path, tmp_path: Path) -> None:
    """Byte for byte, with nothing beside it but the record."""
    for slug in ("org-000", "org-077", "org-199"):
        config = world / "orgs" / slug / "trustpack.yaml"
        done = trustpack("build", "--config", config, "--out", slug, "--now", folders.NOW, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert folders.state(tmp_path / slug) == folders.state(world / "out" / slug)
    assert len(folders.states(world / "out")) == _MANY


def test_nothing_is_left_behind(world: Path) -> None:
    """Neither where the command ran, nor in the home folder."""
    assert sorted(path.name for path in world.iterdir()) == ["orgs", "out"]


def test_what_has_not_changed_is_skipped(world: Path) -> None:
    """A second batch of another day builds nothing, and starts no cluster; the releases stay."""
    before = folders.states(world / "out")
    done = trustpack("batch", "build", "orgs", "--out", "out", "--now", "2026-11-25", "--json", cwd=world)
    found = json.loads(done.stdout)
    assert found["totals"] == {"built": 0, "skipped": _MANY, "failed": 0, "left": 0}
    assert json.loads((world / "out" / "batch.json").read_bytes()) == found
    assert folders.states(world / "out") == before

"""The tap: a Git repository of loose objects whose history only grows."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.errors import PackageError
from builder.repositories.ecosystems import brew
from builder.repositories.sitefile import Kind
from tests.tools import NO_HOME, require
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.libraries import formula

if TYPE_CHECKING:
    from pathlib import Path

    from builder.repositories.entry import Released

RELEASES = ("2026.10", "2026.11", "2026.12")


def _repository(folder: Path, *packages: Released) -> Path:
    """Write the tap of these releases into a folder."""
    files = dict(shelves.indexes(brew, shelves.shelf(brew, *packages)))
    for one in packages:
        files |= {file.path: file.data for file in brew.admit(one, shelves.publication()).files}
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder / brew.REPOSITORY


def _git(repository: Path, *words: str) -> str:
    command = [require("git"), "-C", str(repository), *words]
    env = {"HOME": NO_HOME, "PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "LANG": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, check=True, env=env).stdout.decode()


def test_git_reads_a_commit_for_each_release(tmp_path: Path) -> None:
    """Its check finds nothing, and each commit has that release's formula with its archives."""
    repository = _repository(tmp_path, *map(formula, RELEASES))
    assert _git(repository, "fsck", "--full", "--strict") == ""
    assert _git(repository, "log", "--format=%s").splitlines() == [
        f"acme-ca-certs {release}" for release in reversed(RELEASES)
    ]
    assert _git(repository, "ls-tree", "-r", "--name-only", "main~1").splitlines() == [
        "Formula/acme-ca-certs-2026.11.all.bottle.tar.gz",
        "Formula/acme-ca-certs-2026.11.tar.gz",
        "Formula/acme-ca-certs.rb",
    ]
    assert _git(repository, "show", "main:Formula/acme-ca-certs-2026.12.tar.gz") == "source 2026.12"


def test_the_formula_finds_its_archives_beside_itself(tmp_path: Path) -> None:
    """Whatever address it was built with."""
    text = _git(_repository(tmp_path, formula("2026.10")), "show", "main:Formula/acme-ca-certs.rb")
    assert '  url "file://#{__dir__}/acme-ca-certs-2026.10.tar.gz"\n' in text
    assert '    root_url "file://#{__dir__}"\n' in text


def test_the_history_only_grows(tmp_path: Path) -> None:
    """What was published is part of what comes after it, also after an older release and a withdrawal."""
    ten, eleven, twelve = map(formula, RELEASES)
    heads = []
    for number, packages in enumerate([(ten,), (ten, twelve), (ten, twelve, eleven)]):
        heads.append(_git(_repository(tmp_path / str(number), *packages), "rev-parse", "main").strip())
    history = _git(tmp_path / "2" / brew.REPOSITORY, "log", "--format=%H %s").splitlines()
    assert [line.split(" ", 1)[1] for line in history] == [
        "acme-ca-certs 2026.12 again",
        "acme-ca-certs 2026.11",
        "acme-ca-certs 2026.12",
        "acme-ca-certs 2026.10",
    ]
    assert set(heads) <= {line.split()[0] for line in history}
    shelf = shelves.shelf(brew, ten, twelve)
    withdrawn = shelves.indexes(brew, shelves.withdrawn(shelf, "2026.10"), time=shelves.TIME + 1)
    assert dict(withdrawn) == dict(shelves.indexes(brew, shelf))


def test_a_renamed_formula_leaves_the_old_one_in_place(tmp_path: Path) -> None:
    """Who has it installed keeps it, until they install the other."""
    repository = _repository(tmp_path, formula("2026.10"), formula("2026.11", name="acme-roots"))
    names = _git(repository, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert [name for name in names if name.endswith(".rb")] == [
        "Formula/acme-ca-certs.rb",
        "Formula/acme-roots.rb",
    ]


def test_what_is_written_when() -> None:
    """Objects first; what names the newest commit last."""
    kinds = shelves.indexes(brew, shelves.shelf(brew, formula("2026.10"))).kinds
    assert {path for path, kind in kinds.items() if kind is Kind.POINTER} == {
        "brew/homebrew-ca.git/info/refs",
        "brew/homebrew-ca.git/refs/heads/main",
    }
    objects = {kind for path, kind in kinds.items() if "/objects/" in path and "info" not in path}
    assert objects == {Kind.HASHED}


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"beside": ()}, r"its archive of SHA-256 [0-9a-f]{64} is not beside it"),
        ({"filename": "other-2026.10.rb"}, "is not called as its formula acme-ca-certs"),
        ({"filename": "acme-ca-certs.rb"}, "is not called as its formula acme-ca-certs"),
    ],
)
def test_a_formula_that_brew_could_not_install_is_refused(fault: dict[str, object], complaint: str) -> None:
    """Without its archives, or under another name than its class has."""
    with pytest.raises(PackageError, match=complaint):
        brew.admit(replace(formula("2026.10"), **fault), shelves.publication())


def test_the_lines_name_the_tap_by_its_address() -> None:
    """And the formula by its full name, which no other tap has."""
    [told] = brew.instructions(shelves.shelf(brew, formula("2026.10")), shelves.publication())
    assert told.setup == f"brew tap acme/ca {shelves.URL}/brew/homebrew-ca.git\n"
    assert told.install == "brew install acme/ca/acme-ca-certs\n"
    assert list(brew.instructions(shelves.shelf(brew), shelves.publication())) == []

"""Commands that run at once in one folder: what they leave is what some order of them would have left."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from builder.prove import authority
from builder.release import manifest as manifests
from builder.signing import key_folder
from tests import site_keys
from tests.cli.conftest import ENVIRONMENT, PROGRAM
from tests.crash.rehearse import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ROOT = Path(__file__).parents[2]
_CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [pem, rpm]\n"
_RELEASE, _OUTPUT = 6, 8
# What a command says that comes second, or whose release is another one by now.
_TOO_LATE = ("another build is writing here", "another build has written here", "is there already")


class _Ended(NamedTuple):
    code: int
    said: str


def _build(release: str) -> tuple[str, ...]:
    return ("build", "--release", release, "--now", "2026-11-24T12:00:00Z")


_FIRST, _OTHER = _build("2026.1"), _build("2026.2")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a configuration and a bundle."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = authority.create("Acme Root", now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC))
    (folder / "roots.pem").write_bytes(made.pem)
    (folder / "trustpack.yaml").write_text(_CONFIG, "utf-8")
    return folder


@pytest.fixture
def built(project: Path) -> Path:
    """Return one with a release in it, and keys."""
    site_keys.folder(project / "keys")
    assert [_Ended(0, "")] == _at_once(project, [_FIRST])
    return project


def _at_once(folder: Path, commands: Iterable[Sequence[str]], *, apart: float = 0) -> list[_Ended]:
    """Start commands, each so many seconds after the one before; return how they ended."""
    running = []
    for words in commands:
        running.append(
            subprocess.Popen(
                [PROGRAM, *words], cwd=folder, env=ENVIRONMENT, text=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        time.sleep(apart)
    ended = [(each.communicate(timeout=300)[1], each.returncode) for each in running]
    return [_Ended(code, _errors(said)) for said, code in ended]


def _errors(said: str) -> str:
    return "\n".join(line for line in said.splitlines() if line.startswith(("error: ", "Traceback")))


def _refused_clearly(ended: Iterable[_Ended]) -> None:
    for code, said in ended:
        assert code == 0 or (code == _OUTPUT and any(one in said for one in _TOO_LATE)), said


def _after(folder: Path, commands: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return what commands leave that run one after the other in a copy of a folder."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    for words in commands:
        assert [_Ended(0, "")] == _at_once(copy, [words])
    left = snapshot(copy)
    shutil.rmtree(copy)
    return left


def test_eight_builds_into_one_folder(project: Path) -> None:
    """Four of one release, four of others: the folder holds the highest of those that said so, whole."""
    commands = {f"2026.{number}": _build(f"2026.{number}") for number in range(1, 6)}
    releases = ["2026.1"] * 3 + list(commands)
    ended = _at_once(project, [commands[release] for release in releases])
    # Whoever comes after a higher release is told so.
    _refused_clearly(one for one in ended if (one.code, "is lower than" in one.said) != (_RELEASE, True))
    found = manifests.read_manifest(project / "dist")
    assert found is not None
    assert found.release == max(name for name, one in zip(releases, ended, strict=True) if one.code == 0)
    release = commands[found.release]
    left = snapshot(project)
    shutil.rmtree(project / "dist")
    assert _after(project, [release]) == left


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (_OTHER, ("sign", "dist")),
        (_OTHER, ("attest",)),
        pytest.param(("attest",), ("sign", "dist"), marks=pytest.mark.long),
    ],
    ids=["build-sign", "build-attest", "attest-sign"],
)
def test_two_commands_beside_each_other(
    built: Path, first: Sequence[str], second: Sequence[str], request: pytest.FixtureRequest
) -> None:
    """The folder is as one leaves it that ended well, or as both leave it in some order."""
    pair = (first, second)
    possible = {chosen: _after(built, chosen) for one in (1, 2) for chosen in permutations(pair, one)}
    apart = [0.0] if not request.config.getoption("long") else [number / 20 for number in range(20)]
    for seconds in apart:
        for commands in permutations(pair) if len(apart) > 1 else (pair,):
            copy = built.with_name("tried")
            shutil.copytree(built, copy)
            ended = _at_once(copy, commands, apart=seconds)
            _refused_clearly(ended)
            well = {words for words, one in zip(commands, ended, strict=True) if one.code == 0}
            assert well
            left = snapshot(copy)
            assert left in [state for chosen, state in possible.items() if {*chosen} == well]
            shutil.rmtree(copy)


@pytest.mark.parametrize("apart", [2, *(pytest.param(other, marks=pytest.mark.long) for other in (0, 20))])
def test_a_build_beside_a_proof(built: Path, apart: int) -> None:
    """A report lies beside the release that it is of, or nowhere."""
    (built / "trustpack.yaml").write_text(_CONFIG.replace("pem, rpm", "npm"), "utf-8")
    assert [_Ended(0, "")] == _at_once(built, [_FIRST])
    one, two = _at_once(built, [("prove", "--target", "npm", "--client", "node https"), _OTHER], apart=apart)
    _refused_clearly([one, two])
    found, report = manifests.read_manifest(built / "dist"), built / "dist/proof.json"
    assert found is not None
    assert found.release == ("2026.1" if two.code else "2026.2")
    assert not report.exists() or f'"{found.release}"' in report.read_text("utf-8")
    assert [] == [path for path in snapshot(built) if ".trustpack-" in path]


def test_two_make_keys_at_once(tmp_path: Path) -> None:
    """One has made them all, and the other none."""
    program = "import pathlib; from tests import site_keys; site_keys.folder(pathlib.Path('{}'))"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program.format(tmp_path / "keys")], cwd=_ROOT,
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    ended = [(each.communicate(timeout=120)[1], each.returncode) for each in running]
    assert [0, 1] == sorted(code for _, code in ended)
    assert all("SignatureError" in said and "is there already" in said for said, code in ended if code)
    found = key_folder.read(tmp_path / "keys")
    for one in found.file.generations:
        found.certificate(one)
    assert ["keys"] == [path.name for path in tmp_path.iterdir()]
    once = site_keys.folder(tmp_path / "once")
    assert sorted(path.suffix for path in once.iterdir()) == sorted(
        path.suffix for path in (tmp_path / "keys").iterdir()
    )

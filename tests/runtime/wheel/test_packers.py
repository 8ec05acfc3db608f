"""Programs that real packers make: one call of activate() is enough in them, and shiv's need none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.runtime.wheel.world import STRANGER, TRUSTED, TRUSTS, Environment, environment, packers, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.runtime.wheel.conftest import Wheels

_CALL = "import acme_certifi; acme_certifi.activate()\n"
_PATH = os.defpath


@pytest.fixture
def packing(fresh: Environment, wheels: Wheels) -> Environment:
    """Make an environment with the packers and acme's wheel, as one has it who packs a program."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    (fresh.site / "packers.pth").write_text(f"{packers()}\n")
    return fresh


def _said(program: list[str | Path], urls: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Call both servers with a program whose home is `folder`."""
    env = {"PATH": _PATH, "HOME": str(folder), "PEX_ROOT": str(folder), "SHIV_ROOT": str(folder)}
    return {name: run([*program, urls[name]], env=env).stdout.strip() for name in ("good", "unrelated")}


def _pack(where: Environment, *words: str | Path, folder: Path) -> None:
    env = {"PATH": f"{packers() / 'bin'}{os.pathsep}{_PATH}", "HOME": str(folder), "PEX_ROOT": str(folder)}
    where.run(*words, env=env)


_OUTCOMES = {"good": TRUSTED, "unrelated": STRANGER}


@pytest.mark.parametrize("form", ["onedir", pytest.param("onefile", marks=pytest.mark.long)])
def test_pyinstaller(form: str, packing: Environment, tmp_path: Path, urls: dict[str, str]) -> None:
    """A frozen program needs no option of PyInstaller: its hook is found, and the modules are visible."""
    (tmp_path / "app.py").write_text(_CALL + TRUSTS)
    words: list[str | Path] = [
        "-m",
        "PyInstaller",
        f"--{form}",
        "--log-level=ERROR",
        "--distpath",
        tmp_path / "dist",
    ]
    words += ["--workpath", tmp_path / "work", "--specpath", tmp_path, tmp_path / "app.py"]
    _pack(packing, *words, folder=tmp_path)
    program = tmp_path / "dist" / "app" / "app" if form == "onedir" else tmp_path / "dist" / "app"
    assert _said([program], urls, tmp_path) == _OUTCOMES


def test_cx_freeze(packing: Environment, tmp_path: Path, urls: dict[str, str]) -> None:
    """Its programs set SSL_CERT_FILE to a copy of the public roots, which is no choice of other roots."""
    (tmp_path / "app.py").write_text(_CALL + TRUSTS)
    words: list[str | Path] = [
        "-m",
        "cx_Freeze",
        "build",
        "--script",
        tmp_path / "app.py",
        "--build-exe",
        tmp_path / "made",
    ]
    _pack(packing, *words, folder=tmp_path)
    assert _said([tmp_path / "made" / "app"], urls, tmp_path) == _OUTCOMES


def test_pex(packing: Environment, wheels: Wheels, tmp_path: Path, urls: dict[str, str]) -> None:
    """A pex file is an archive that runs no start-up file."""
    (tmp_path / "app.py").write_text(_CALL + TRUSTS)
    words: list[str | Path] = [
        "-m",
        "pex",
        "--no-pypi",
        wheels.acme,
        "--exe",
        tmp_path / "app.py",
        "-o",
        tmp_path / "app.pex",
    ]
    _pack(packing, *words, folder=tmp_path)
    assert _said([packing.python, tmp_path / "app.pex"], urls, tmp_path) == _OUTCOMES


def test_shiv(packing: Environment, wheels: Wheels, tmp_path: Path, urls: dict[str, str]) -> None:
    """What shiv unpacks is a site folder: its start-up files run."""
    source = tmp_path / "source"
    packing.pip("install", "--no-index", "--no-deps", "--target", source, wheels.acme)
    (source / "app.py").write_text(f"def main():\n    exec({TRUSTS!r}, {{}})\n")
    words: list[str | Path] = [
        "-m",
        "shiv",
        "-o",
        tmp_path / "app.pyz",
        "--site-packages",
        source,
        "-e",
        "app:main",
    ]
    _pack(packing, *words, folder=tmp_path)
    bare = environment(tmp_path / "bare")
    assert _said([bare.python, tmp_path / "app.pyz"], urls, tmp_path) == _OUTCOMES

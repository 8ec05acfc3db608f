"""The class files are what their sources compile to, by whatever javac."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove.probes import PROBES
from tests import java
from tests.tools import require

if TYPE_CHECKING:
    import pytest

_TEMPLATES = Path(__file__).parents[3] / "templates" / "maven"
_JAVA = PROBES / "java"
# By the oldest Java that runs them: 8 but for these.
_NEWER = {"JavaHttp": 11, "SpringRest": 17, "SpringTemplate": 17}


def _compilers() -> list[str]:
    """Return each javac of this machine: the one of the path, and others where Debian puts them."""
    found = [*Path("/usr/lib/jvm").glob("*/bin/javac")]
    return sorted({str(path.resolve()) for path in found} | {os.path.realpath(require("javac"))})


def _classes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.class")}


def _put(made: Path, folder: Path) -> None:
    """Replace the class files of a folder, as --update-golden asks."""
    for old in folder.glob("*.class"):
        old.unlink()
    for name, data in _classes(made).items():
        (folder / name).write_bytes(data)


def test_templates_are_what_their_sources_compile_to(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Byte for byte, by the javac of Debian 12 and by any newer one that is there."""
    sources = [str(path) for path in sorted(_TEMPLATES.glob("*.java"))]
    words = ["--release", "8", "-g:none", "-Xlint:all,-options", "-Werror", "-implicit:none"]
    for number, compiler in enumerate(_compilers()):
        made = tmp_path / str(number)
        command = [compiler, *words, "-sourcepath", str(_TEMPLATES / "stubs"), "-d", str(made)]
        done = subprocess.run([*command, *sources], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if request.config.getoption("--update-golden"):
            _put(made, _TEMPLATES)
        assert _classes(made) == _classes(_TEMPLATES), compiler


def test_probes_are_what_their_sources_compile_to(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Against the libraries that they ask."""
    libraries = java.path((*java.CLIENTS, *java.SPRING))
    for release in (8, 11, 17):
        named = [path for path in _JAVA.glob("*.java") if _NEWER.get(path.stem, 8) == release]
        java.compile_into(tmp_path, sorted(map(str, named)), path=libraries, release=release)
    if request.config.getoption("--update-golden"):
        _put(tmp_path, _JAVA)
    assert _classes(tmp_path) == _classes(_JAVA)

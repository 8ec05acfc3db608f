"""Our own distribution: its exact files, and that it works where nothing else of this repository is."""

import datetime as dt
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from builder import __version__
from builder.prove import authority
from tests.tools import NO_HOME, require

ROOT = Path(__file__).parents[1]
INFO = f"trustpack-{__version__}.dist-info"


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tracked files, as a clone has them."""
    folder = tmp_path_factory.mktemp("clone")
    command = [require("git"), "-C", str(ROOT), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"HOME": NO_HOME})
    for name in done.stdout.split("\0")[:-1]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the source archive, and the wheel from it; return both."""
    out = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.defpath})
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


def below(source: Path, *folders: str) -> list[str]:
    """Return the files in some folders of the clone."""
    return [
        str(path.relative_to(source))
        for name in folders
        for path in (source / name).rglob("*")
        if path.is_file()
    ]


def test_the_wheel_holds_the_product_and_nothing_else(source: Path, built: tuple[Path, Path]) -> None:
    """Every module, recipe and template, the licence and the metadata; no tests and no caches."""
    expected = below(source, "builder")
    expected += [f"builder/{name}" for name in below(source, "recipes", "templates")]
    expected += [
        f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    ]
    with zipfile.ZipFile(built[1]) as wheel:
        assert sorted(wheel.namelist()) == sorted(expected)


def test_the_source_archive_holds_what_a_build_and_the_tests_need(
    source: Path, built: tuple[Path, Path]
) -> None:
    """The product, its tests and its papers."""
    with tarfile.open(built[0]) as archive:
        found = {name.split("/", 1)[1] for name in archive.getnames()}
    expected = set(below(source, "builder", "recipes", "templates", "tests", ".ci", ".github"))
    papers = {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "pyproject.toml",
        ".gitignore",
        ".pre-commit-config.yaml",
    }
    assert found - papers - {"PKG-INFO"} == expected
    assert papers - {name for name in papers if not (source / name).exists()} <= found


def test_the_metadata_is_complete(built: tuple[Path, Path]) -> None:
    """Twine finds nothing to complain about, warnings included."""
    if importlib.util.find_spec("twine") is None:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("twine is not installed; tests/run installs it")
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8"})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment; return its bin folder.

    Its dependencies are this environment's own, seen through a .pth file: no network is needed.
    """
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
    ]
    done = subprocess.run([*pip, str(built[1])], capture_output=True, text=True, check=False, env={})
    assert done.returncode == 0, done.stderr
    site = next((folder / "lib").glob("python3.*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def run(bin_folder: Path, folder: Path, *arguments: str) -> str:
    """Run the installed trustpack; it must succeed."""
    path = os.pathsep.join([str(bin_folder), str(Path(sys.executable).parent), os.defpath])
    done = subprocess.run(
        [bin_folder / "trustpack", *arguments],
        cwd=folder,
        env={"PATH": path, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_program_is_its_own(installed: Path, tmp_path: Path) -> None:
    """It runs from the wheel, not from this repository."""
    command = [
        str(installed / "python"),
        "-c",
        "from builder.render import shipped; print(shipped.__file__, shipped.ROOT)",
    ]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    assert [Path(word).is_relative_to(installed.parent) for word in done.stdout.split()] == [True, True]


def test_the_installed_program_has_every_recipe(installed: Path, tmp_path: Path) -> None:
    """`trustpack recipes list` knows each target of the repository."""
    found = json.loads(run(installed, tmp_path, "recipes", "list", "--json"))["recipes"]
    assert sorted(row["target"] for row in found) == sorted(p.stem for p in (ROOT / "recipes").glob("*.yaml"))
    assert {row["origin"] for row in found} == {"built in"}


def test_the_installed_program_builds_what_the_repository_builds(installed: Path, tmp_path: Path) -> None:
    """The same bytes, from templates inside the wheel."""
    root = authority.create("Acme Root", now=dt.datetime.now(dt.UTC))
    (tmp_path / "roots.pem").write_bytes(root.pem)
    build = ("build", "roots.pem", "--org", "acme", "--release", "2026.10", "--json")
    here = Path(sys.executable).parent
    assert run(installed, tmp_path, *build, "--out", "a") == run(here, tmp_path, *build, "--out", "b")
    assert run(installed, tmp_path, "recipes", "export", "npm").startswith("recipes/npm.yaml\n")

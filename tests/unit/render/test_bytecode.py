"""Compiled templates: kept for the built-in ones alone, and never in the way."""

import shutil
import subprocess
import sys
from pathlib import Path

from builder.render.shipped import ROOT

ROOTS = Path(__file__).parents[2] / "data" / "demo" / "root-ec.pem"
_BUILD = ("build", "--release", "2026.10", "--now", "2026-11-24", "--target", "npm", "--quiet")


def _trustpack(folder: Path) -> Path:
    """Copy the product as an installation has it, so that its folders are this test's own."""
    home = folder / "site"
    for name in ("builder", "recipes", "templates"):
        to = home / name if name == "builder" else home / "builder" / name
        shutil.copytree(ROOT / name, to, ignore=shutil.ignore_patterns("__pycache__"))
    return home


def _build(home: Path, out: Path, *options: str, cwd: Path | None = None) -> bytes:
    """Build the npm package by that installation, as configured in `cwd` or else for acme."""
    command = [sys.executable, *options, "-m", "builder", *_BUILD, "--out", str(out)]
    command += [] if cwd else [str(ROOTS), "--org", "acme"]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(home)}, cwd=cwd or home, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return next(out.glob("*.tgz")).read_bytes()


def _kept(home: Path) -> list[Path]:
    return sorted(home.glob("builder/templates/npm/__pycache__/*"))


def test_a_second_process_takes_what_the_first_compiled(tmp_path: Path) -> None:
    """The same bytes come of both; a changed template is compiled anew."""
    home = _trustpack(tmp_path)
    first = _build(home, tmp_path / "1")
    kept = {path: path.stat().st_mtime_ns for path in _kept(home)}
    assert (len(kept) > 0, _build(home, tmp_path / "2")) == (True, first)
    assert kept == {path: path.stat().st_mtime_ns for path in _kept(home)}
    readme = home / "builder/templates/npm/README.md.j2"
    readme.write_text("changed\n")
    assert _build(home, tmp_path / "3") != first


def test_where_python_keeps_nothing_neither_do_templates(tmp_path: Path) -> None:
    """The build is the same."""
    home = _trustpack(tmp_path)
    first = _build(home, tmp_path / "1", "-B")
    assert _kept(home) == []
    (home / "builder/templates/npm/__pycache__").write_text("no folder")
    assert _build(home, tmp_path / "2") == first


def test_nothing_compiled_is_read_beside_an_organisations_own_templates(tmp_path: Path) -> None:
    """What lies there may come from a branch that nobody has reviewed."""
    home, own = _trustpack(tmp_path), tmp_path / "own"
    first = _build(home, tmp_path / "1")
    for name in ("recipes/npm.yaml", "templates/npm"):
        copy = shutil.copytree if (home / "builder" / name).is_dir() else shutil.copyfile
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        copy(home / "builder" / name, own / name)
    for path in (own / "templates/npm/__pycache__").iterdir():
        path.write_bytes(b"hostile")
    (own / "trustpack.yaml").write_text(f"organisation: {{slug: acme}}\nbundle: {{paths: ['{ROOTS}']}}\n")
    assert _build(home, tmp_path / "2", cwd=own) == first
    assert all(path.read_bytes() == b"hostile" for path in (own / "templates/npm/__pycache__").iterdir())

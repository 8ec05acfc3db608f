"""The doctor's one file runs where it is put: on every Python from 3.6 on, as anybody, with little there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from builder import __version__
from builder.doctor import here
from builder.prove.sandbox import open_sandbox
from builder.render import recipe
from tests import releases
from tests.roots import root
from tests.tools import require

if TYPE_CHECKING:
    from builder.prove.authority import Authority

_SOURCE = Path(__file__).parents[2] / "templates" / "doctor"


@pytest.fixture(scope="module")
def pyz(acme: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the organisation's doctor."""
    return releases.build(tmp_path_factory.mktemp("built"), "acme", [acme], target="doctor", release="1")[0]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Lay out a machine that has a store without the CA."""
    for name, text in {"etc/os-release": "ID=debian\n", "etc/ssl/certs/ca-certificates.crt": ""}.items():
        path = tmp_path / "machine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "machine"


def _run(words: list[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, env={}, timeout=120, **options)


def test_it_needs_no_newer_python_than_it_says() -> None:
    """Each module's syntax and library, by vermin: it stands for 3.6 where none is at hand, as in CI."""
    done = _run([Path(sys.executable).with_name("vermin"), "--no-tips", "-t=3.6-", "--violations", _SOURCE])
    assert done.returncode == 0, done.stdout


def _pythons() -> list[str]:
    """Return the Pythons that are found here, of which there may be none beside this one."""
    found = [shutil.which(f"python3.{minor}") for minor in range(6, 16)]
    # A wrapper of that name may stand for a Python that is not there.
    works = [path for path in found if path and _run([path, "-c", ""]).returncode == 0]
    return [sys.executable, *works]


@pytest.mark.parametrize("options", ["", "-I"])
def test_it_runs_on_every_python_here(pyz: Path, machine: Path, options: str) -> None:
    """With warnings as errors, and in a folder whose modules have names of its own and of Python's."""
    for name in ("argparse", "json", "trust_doctor", "zipfile"):
        (machine / f"{name}.py").write_text("raise SystemExit('from the current folder')\n")
    for python in _pythons():
        words: list[str | Path] = [python, *options.split(), "-W", "error", pyz, "--json", "--root", "."]
        done = _run(words, cwd=machine)
        assert (done.returncode, done.stderr) == (1, ""), python
        assert json.loads(done.stdout)["counts"]["missing"] > 0


def test_no_variable_leads_it_to_other_modules(pyz: Path, machine: Path, tmp_path: Path) -> None:
    """Whoever can set PYTHONPATH of a doctor that was started without -I changes nothing of it."""
    (tmp_path / "argparse.py").write_text("raise SystemExit('from PYTHONPATH')\n")
    done = subprocess.run(
        [sys.executable, pyz, "--root", machine],
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("suite", ["bullseye", "trixie", "sid"])
def test_it_runs_on_systems_of_their_own(suite: str, pyz: Path) -> None:
    """As root, as nobody, and where /proc is missing, which is said; the CA is missing in the stores."""
    with open_sandbox(root(suite)) as sandbox:
        sandbox.copy_in("/srv/d.pyz", pyz.read_bytes())
        for before in ("", "setpriv --reuid=65534 --regid=65534 --clear-groups ", "umount /proc; "):
            line = f"{before}python3 -I /srv/d.pyz --json"
            done = sandbox.run(["unshare", "--mount", "sh", "-c", line], check=False)
            found = json.loads(done.out)
            states = {
                state for row in found["rows"] if row["kind"] == "system" for state in row["states"].values()
            }
            assert (done.code, states) == (1, {"missing"}), (before, done.out)
            unseen = [each["why"] for each in found["unreadable"] if each["path"] == "/proc"]
            assert bool(unseen) is ("umount" in before), (before, done.out)
            assert not unseen or not found["complete"]


def test_each_module_is_in_the_recipe() -> None:
    """The archive holds what it imports, and nothing else."""
    listed = {
        file.source for output in recipe.read(recipe.sources()["doctor"]).outputs for file in output.files
    }
    there = {str(path.relative_to(_SOURCE)) for path in _SOURCE.rglob("*.py")}
    assert listed - {""} == there


def test_it_says_the_version_of_trustpack() -> None:
    """Which made it, and so knows what its rows mean."""
    assert here.load("scan").VERSION == __version__


def test_the_packages_that_mend_are_called_as_they_are_built(acme: Authority, tmp_path: Path) -> None:
    """Nobody is told to install a package that anybody could have registered."""
    import zipfile

    from builder import config
    from builder.pipeline.names import package_name

    built = releases.build(tmp_path, "acme", [acme], target="doctor", release="1")[0]
    with zipfile.ZipFile(built) as archive:
        told = json.loads(archive.read("release.json"))["packages"]
    owner = config.organisation(config.minimal("acme", ["roots.pem"]))
    sources = recipe.sources()
    assert told == {target: package_name(sources[target], owner) for target in told}


def test_nothing_is_written_and_no_network_is_asked(pyz: Path, machine: Path, tmp_path: Path) -> None:
    """Seen by strace: no file is opened for writing, none made or removed, and no connection attempted."""
    log = tmp_path / "calls"
    calls = "trace=%file,%network,ftruncate,fchmod,fchown"
    done = _run(
        [require("strace"), "-f", "-o", log, "-e", calls, sys.executable, "-I", pyz, "--root", machine]
    )
    assert done.returncode == 1, done.stderr
    names = "mkdir|unlink|rename|link|symlink|chmod|chown|truncate|mknod|utimens|setxattr|connect|bind"
    wrote = re.compile(rf"O_(?:WRONLY|RDWR|CREAT|TRUNC)|\b(?:{names})(?:at2?)?\(")
    lines = [line for line in log.read_text().splitlines() if wrote.search(line)]
    assert [line for line in lines if " = -1 " not in line and "/dev/null" not in line] == []

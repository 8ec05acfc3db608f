"""The same input gives the same bytes, whoever builds, wherever and whenever."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import targets
from tests.packages.built import DEMO
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PATH = {"PATH": os.environ["PATH"]}
_OPTIONS = ("--org", "demo", "--release", "20260102", "--quiet", *targets.OPTIONS)


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a build: packages, manifest.json and SHA256SUMS."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def _build(
    folder: Path,
    bundle: Sequence[str],
    *options: str,
    umask: int,
    before: Sequence[str] = (),
    **environment: str,
) -> dict[str, str]:
    """Build in `folder` under another umask and environment; `before` wraps the command."""
    folder.mkdir()
    shutil.copytree(DEMO, folder / "in")
    command = [*before, sys.executable, "-m", "builder", "build", *bundle, *_OPTIONS, *options]
    subprocess.run(command, cwd=folder, env=_PATH | environment, umask=umask, check=True)
    return _digests(folder / "dist")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the digests of a build under ordinary circumstances."""
    folder = tmp_path_factory.mktemp("plain") / "work"
    return _build(folder, ["in/root-ec.pem", "in/root-rsa.pem"], umask=0o022, TZ="UTC", LANG="C.UTF-8")


def test_every_artifact_is_digested(plain: dict[str, str]) -> None:
    """The comparison covers all targets, the manifest and the checksum list."""
    files = [file for target in targets.ALL.values() for file in target.files("demo", "20260102")]
    assert sorted(plain) == sorted([*files, "SHA256SUMS", "manifest.json"])


_SURROUNDINGS: dict[str, dict[str, str]] = {
    "another time zone": {"TZ": "Pacific/Kiritimati"},
    "another locale": {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"},
    "another home": {"HOME": "/nonexistent", "USER": "somebody", "LOGNAME": "somebody"},
    "no program of the machine's": {"PATH": "/nonexistent"},
    "another host name in the environment": {"HOSTNAME": "elsewhere", "HOST": "elsewhere"},
    "one hash seed": {"PYTHONHASHSEED": "1"},
    "another hash seed": {"PYTHONHASHSEED": "4242"},
    "variables that packaging tools read": {
        "NFPM_DEB_KEY_FILE": "/nonexistent",
        "VERSION": "9",
        "GZIP": "-9",
        "DEB_BUILD_OPTIONS": "nocheck",
        "RPM_BUILD_NCPUS": "7",
    },
}


@pytest.mark.parametrize("surroundings", _SURROUNDINGS.values(), ids=_SURROUNDINGS)
def test_surroundings_do_not_show(
    plain: dict[str, str], tmp_path: Path, surroundings: dict[str, str]
) -> None:
    """Time zone, locale, home, hash seed and other variables leave every byte as it is."""
    found = _build(tmp_path / "work", ["in/root-ec.pem", "in/root-rsa.pem"], umask=0o022, **surroundings)
    assert plain == found


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_umask_does_not_show(plain: dict[str, str], tmp_path: Path, umask: int) -> None:
    """Modes inside packages come from the recipe, not from who builds."""
    assert plain == _build(tmp_path / "work", ["in/root-ec.pem", "in/root-rsa.pem"], umask=umask)


def test_working_folder_does_not_show(plain: dict[str, str], tmp_path: Path) -> None:
    """A folder with a long and strange name is in no package."""
    folder = tmp_path / "a folder with ünïcode, $DOLLARS and 'quotes'"
    assert plain == _build(folder, ["in/root-ec.pem", "in/root-rsa.pem"], umask=0o022)


def test_input_order_does_not_show(plain: dict[str, str], tmp_path: Path) -> None:
    """Certificates in another order, or one of them twice, make the same packages."""
    reversed_ = _build(tmp_path / "reversed", ["in/root-rsa.pem", "in/root-ec.pem"], umask=0o022)
    assert plain == reversed_


def test_layout_of_the_input_does_not_show(plain: dict[str, str], tmp_path: Path) -> None:
    """One file with all certificates makes the same packages as a file for each."""
    (tmp_path / "joined.pem").write_bytes(
        (DEMO / "root-rsa.pem").read_bytes() + (DEMO / "root-ec.pem").read_bytes()
    )
    assert plain == _build(tmp_path / "work", ["../joined.pem"], umask=0o022)


def test_number_of_jobs_does_not_show(plain: dict[str, str], tmp_path: Path) -> None:
    """Targets built one after the other are those built at once."""
    assert plain == _build(
        tmp_path / "work", ["in/root-ec.pem", "in/root-rsa.pem"], "--jobs", "1", umask=0o022
    )


def test_time_does_not_show(plain: dict[str, str], tmp_path: Path) -> None:
    """A build years later, of the same release, gives the same bytes."""
    later = ("--now", "2031-05-06T07:08:09Z")
    assert plain == _build(tmp_path / "work", ["in/root-ec.pem", "in/root-rsa.pem"], *later, umask=0o022)


def test_host_name_does_not_show(plain: dict[str, str], tmp_path: Path) -> None:
    """A machine of another name builds the same bytes (rpm would record the name)."""
    allowed = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    renamed = (
        require("unshare"),
        *allowed,
        "--uts",
        "sh",
        "-c",
        'hostname elsewhere.example && exec "$@"',
        "sh",
    )
    found = _build(tmp_path / "work", ["in/root-ec.pem", "in/root-rsa.pem"], umask=0o022, before=renamed)
    assert plain == found

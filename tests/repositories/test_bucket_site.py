"""A site in a bucket, brought there by the command: clients install from the bucket's own address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import s3
from tests.repositories.clean import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.repositories.sites import Releases, Site

_PROGRAM = Path(sys.executable).with_name("trustpack")


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Run an S3 server."""
    with s3.serving() as environment:
        yield environment


def _run(folder: Path, environment: dict[str, str], *words: str | Path) -> str:
    command = [_PROGRAM, "repo", *words]
    env = {"PATH": os.defpath, "HOME": str(folder), **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_server_ends_with_what_fails_beside_it() -> None:
    """Else a test that fails hangs instead of telling why."""
    program = "from tests import s3\nwith s3.serving(): raise AssertionError('told')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1:] == ["AssertionError: told"]


def test_install_from_a_bucket(
    releases: Releases,
    open_site: Callable[..., Site],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """pip, npm and gem find the packages by name, without a website mode; the site comes back by `fetch`."""
    bucket = s3.make_bucket(environment, "packages")
    address = f"{environment['AWS_ENDPOINT_URL']}/packages"
    site = open_site(releases.first, url=address)
    known = ("--certificate", site.folder / "acme.asc")
    said = _run(tmp_path, environment, "push", bucket, "--site", site.folder, *known)
    assert "publication 1" in said
    assert "is as it should be" in _run(tmp_path, environment, "push", bucket, "--site", site.folder, *known)
    _run(tmp_path, environment, "fetch", bucket, "--out", "copy", *known)
    _run(tmp_path, {}, "fetch", address, "--out", "by-web", *known)
    for folder in ("copy", "by-web"):
        assert _tree(site.folder) == _tree(tmp_path / folder)
    _installs(tmp_path, address)


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _installs(folder: Path, address: str) -> None:
    pip = f"{sys.executable} -m pip install --no-cache-dir --target=pip --no-deps"
    gem = "gem install --no-document --install-dir=gem --clear-sources"
    for command in (
        f"{pip} --index-url={address}/pypi/simple/ acme-certifi",
        "npm install --no-audit --no-fund acme-ca",
        f"{gem} --source={address}/gem/ acme-ca",
    ):
        files = {"package.json": '{"private": true}\n', ".npmrc": f"registry={address}/npm/\n"}
        done = clean(folder, *command.split(), files=files)
        assert done.code == 0, done.out
    assert (folder / "pip" / "acme_certifi").is_dir()
    assert (folder / "node_modules" / "acme-ca").is_dir()
    assert list((folder / "gem" / "gems").glob("acme-ca-1.2026.10*"))

"""A push that ends where a package manager sees a difference: the real one installs the old or the new."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from builder.repositories import push
from builder.repositories.stores import FolderStore
from tests.repositories.clean import clean
from tests.repositories.sites import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from builder.repositories.stores import Action
    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases

NAME = "acme-ca-certs"
_OLD, _NEW = "2026.10", "2026.11"
_FOLDERS = {"apt-bookworm": "deb", "dnf": "rpm", "pip": "pypi", "npm": "npm", "gem": "gem", "git": "brew"}
_SYSTEMS = ("apt-bookworm", "dnf")
_FEW, _MANY = 2, 9  # points at which a client's own files change; one more is before all of them


class Language(NamedTuple):
    """How a client installs into an empty folder, and what the names of the files it leaves then are."""

    command: str
    left: str
    files: tuple[tuple[str, str], ...] = ()


_LANGUAGES = {
    "pip": Language(
        f"{sys.executable} -m pip install --no-cache-dir --target=out --no-deps "
        "--index-url={url}/pypi/simple/ acme-certifi",
        r"acme_certifi-1\.([0-9.]+)\.dist-info/METADATA",
    ),
    "npm": Language(
        "npm install --no-audit --no-fund acme-ca",
        r"acme-ca-1\.([0-9.]+?)(?:\.0)?\.tgz",
        (("package.json", '{{"private": true}}\n'), (".npmrc", "registry={url}/npm/\n")),
    ),
    "gem": Language(
        "gem install --no-document --install-dir=out --clear-sources --source={url}/gem/ acme-ca",
        r"specifications/acme-ca-1\.([0-9.]+)\.gemspec",
    ),
    "git": Language("git clone --quiet {url}/brew/homebrew-ca.git out", r"acme-ca-certs-([0-9.]+)\.tar\.gz"),
}


class _Stopped(Exception):  # noqa: N818  no error
    pass


@pytest.mark.parametrize(
    ("client", "points"),
    [(name, _FEW) for name in _FOLDERS]
    + [pytest.param(name, _MANY, marks=pytest.mark.long) for name in _FOLDERS],
)
def test_old_or_new(
    client: str, points: int, open_site: Callable[..., Site], releases: Releases, hosts: Hosts, tmp_path: Path
) -> None:
    """A client that knows nothing yet finds a whole site at each point, and after a new one no old one."""
    site = open_site(releases.first)
    install = _system(client, site, hosts) if client in _SYSTEMS else _language(client, site, tmp_path)
    new = tmp_path / "new"
    shutil.copytree(site.folder, new)
    Site(new, site.url, site.keys, published=site.published).add(releases.second)
    old = site.snapshot()
    store = FolderStore(site.folder)
    actions = push.push(new, store, site.keys, dry_run=True).actions
    seen = []
    for number in chosen(actions, _FOLDERS[client], points):
        for path in site.snapshot().keys() - old.keys():
            (site.folder / path).unlink()
        site.put_back(old)
        with pytest.raises(_Stopped):
            push.push(new, store, site.keys, tell=_stop_after(number))
        seen.append(install())
    assert {_OLD, _NEW} == {*seen}
    assert sorted(seen) == seen
    push.push(new, store, site.keys)
    assert _NEW == install()


def chosen(actions: Sequence[Action], folder: str, count: int) -> list[int]:
    """Return after which actions a client is asked: the first, and evenly chosen of those in its folder."""
    own = [number for number, action in enumerate(actions, 1) if action.path.startswith(f"{folder}/")]
    count = min(count, len(own))
    step = (len(own) - 1) / (count - 1)
    return [1, *(own[round(step * index)] for index in range(count))]


def _stop_after(number: int) -> Callable[[Action], None]:
    count = itertools.count(1)

    def tell(_action: Action) -> None:
        if next(count) == number:
            raise _Stopped

    return tell


def _system(client: str, site: Site, hosts: Hosts) -> Callable[[], str]:
    host = hosts.open(client)
    host.know(site)

    def install() -> str:
        if host.version(NAME):
            host.remove(NAME)
        host.forget()
        host.install(NAME)
        return host.version(NAME)

    return install


def _language(client: str, site: Site, folder: Path) -> Callable[[], str]:
    language, numbers = _LANGUAGES[client], itertools.count(1)

    def install() -> str:
        own = folder / f"client-{next(numbers)}"
        own.mkdir()
        files = {name: text.format(url=site.url) for name, text in language.files}
        done = clean(own, *language.command.format(url=site.url).split(), files=files)
        assert done.code == 0, done.out
        found = {
            match[1]
            for path in own.rglob("*")
            if ".home" not in path.parts
            for match in [re.search(language.left, str(path))]
            if match
        } or set(re.findall(language.left, _lock(own)))
        return max(found)

    return install


def _lock(folder: Path) -> str:
    file = folder / "package-lock.json"
    return file.read_text("utf-8") if file.exists() else ""


def test_points(open_site: Callable[..., Site], releases: Releases, tmp_path: Path) -> None:
    """Forty and more, all of them different."""
    site = open_site(releases.first)
    shutil.copytree(site.folder, tmp_path / "new")
    Site(tmp_path / "new", site.url, site.keys, published=site.published).add(releases.second)
    actions = push.push(tmp_path / "new", FolderStore(site.folder), site.keys, dry_run=True).actions
    found = [chosen(actions, folder, _MANY) for folder in _FOLDERS.values()]
    assert [len(set(points)) for points in found] == [len(points) for points in found]
    assert 40 <= sum(map(len, found))

"""What pip, uv, npm, pnpm, gem and bundler refuse to take from a web server that somebody else writes to.

Their indexes have no signatures: who can write to the web server can offer anything. What a client compares
is the package with its index, or both with a lock file of before.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.repositories.clean import clean
from tests.runtime.updates.tools import python_tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.attacks import Attacker
    from tests.repositories.clean import Ran
    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

    OpenSite = Callable[..., Site]

_NODE = Path(__file__).parents[1] / "runtime" / "npm" / "node_modules"
_NPM = {"npm_config_audit": "false", "npm_config_update_notifier": "false", "npm_config_fund": "false"}
# It takes a wrong digest for a broken transfer, and tries again for more than a minute.
_PNPM = ("pnpm-workspace.yaml", "fetchRetries: 0\n")


@dataclass(frozen=True, eq=False)
class Installer:
    """A client that installs into a folder: its command and files, in which {url} is the site's address."""

    ecosystem: str
    target: str
    command: str
    files: tuple[tuple[str, str], ...] = ()

    def install(self, folder: Path, url: str, *more: str) -> Ran:
        """Install the newest release; `more` are further words."""
        folder.mkdir(exist_ok=True)
        files = {name: text.format(url=url) for name, text in self.files if not (folder / name).exists()}
        words = self.command.format(url=url).split()
        return clean(folder, *words, *more, files=files, env=_NPM, path=(python_tools() / "bin",))


_PACKAGE_JSON = ("package.json", '{{"private": true}}\n')
_NPMRC = (".npmrc", "registry={url}/npm/\n")
INSTALLERS = {
    "pip": Installer(
        "pypi",
        "wheel",
        f"{sys.executable} -m pip install --target=out --no-deps "
        "--index-url={url}/pypi/simple/ acme-certifi",
    ),
    "uv": Installer(
        "pypi",
        "wheel",
        f"uv pip install --target=out --python={sys.executable} --no-deps "
        "--index-url={url}/pypi/simple/ acme-certifi",
    ),
    "npm": Installer("npm", "npm", "npm install acme-ca", (_PACKAGE_JSON, _NPMRC)),
    "pnpm": Installer(
        "npm", "npm", f"{_NODE}/@pnpm/exe.linux-x64/pnpm add acme-ca", (_PACKAGE_JSON, _NPMRC, _PNPM)
    ),
    "gem": Installer(
        "gem",
        "gem",
        "gem install --no-document --install-dir=out --clear-sources --source={url}/gem/ acme-ca",
    ),
}
_COMPARING = ["pip", "uv", "npm", "pnpm"]


def holds(folder: Path, pem: bytes) -> bool:
    """Tell whether a file below `folder` has this certificate; a client's cache does not count."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".home" not in path.parts)
    return any(pem.strip() in path.read_bytes() for path in files)


def replace_package(site: Site, by: Attacker, ecosystem: str, target: str) -> None:
    """Put a package of the attacker's in the place of Acme's second."""
    site.overwrite(site.path(ecosystem, by.same), by.same.file(target).read_bytes())


@pytest.mark.parametrize("name", _COMPARING)
def test_a_package_that_its_index_does_not_describe_is_refused(
    name: str, open_site: OpenSite, releases: Releases, mallory: Attacker, tmp_path: Path
) -> None:
    """They compare it with the digest in the index; the one that Acme has published is taken."""
    site, client = open_site(releases.first, releases.second), INSTALLERS[name]
    good = site.snapshot()
    replace_package(site, mallory, client.ecosystem, client.target)
    done = client.install(tmp_path / "attacked", site.url)
    # npm ends with an error, too; but now and then it leaves what it has refused in node_modules.
    left = name != "npm" and holds(tmp_path / "attacked", mallory.ca.pem)
    assert (done.code != 0, left) == (True, False), done.out
    assert name != "npm" or "EINTEGRITY" in done.out
    site.put_back(good)
    done = client.install(tmp_path / "again", site.url)
    assert (done.code, holds(tmp_path / "again", releases.second.authorities["new"].pem)) == (0, True), (
        done.out
    )


def test_gem_install_never_looks_at_the_index_again(
    open_site: OpenSite, releases: Releases, mallory: Attacker, tmp_path: Path
) -> None:
    """It takes another gem of the same name and version: only TLS protects it."""
    site, client = open_site(releases.first, releases.second), INSTALLERS["gem"]
    replace_package(site, mallory, client.ecosystem, client.target)
    done = client.install(tmp_path / "attacked", site.url)
    assert (done.code, holds(tmp_path / "attacked", mallory.ca.pem)) == (0, True), done.out


def test_bundler_compares_a_gem_with_its_index(
    hosts: Hosts, open_site: OpenSite, releases: Releases, mallory: Attacker
) -> None:
    """From 2.6 on, as it is in Debian 13, by the checksum in the compact index."""
    site, host = open_site(releases.first, releases.second), hosts.open("apt-trixie")
    good = site.snapshot()
    replace_package(site, mallory, "gem", "gem")
    host.sandbox.copy_in("/srv/app/Gemfile", f'source "{site.url}/gem/"\ngem "acme-ca"\n'.encode())
    script = "cd /srv/app && rm -rf Gemfile.lock gems && BUNDLE_PATH=gems bundle3.3 install --no-cache"
    done = host.run(script, check=False)
    assert (done.code != 0, "checksum" in done.out.lower()) == (True, True), done.out
    assert host.run("ls -d /srv/app/gems/ruby/*/gems/acme-ca-*", check=False).code != 0
    site.put_back(good)
    host.run(script)
    assert host.run("ls -d /srv/app/gems/ruby/*/gems/acme-ca-*").code == 0


@pytest.mark.parametrize("name", INSTALLERS)
def test_a_new_index_of_somebody_else_is_taken(
    name: str, open_site: OpenSite, releases: Releases, mallory: Attacker, tmp_path: Path
) -> None:
    """None of these formats has a signature: who has no lock file takes what is served."""
    site, client = open_site(releases.first), INSTALLERS[name]
    site.put_back(mallory.forged(site, keys=None))
    done = client.install(tmp_path / "attacked", site.url)
    assert (done.code, holds(tmp_path / "attacked", mallory.ca.pem)) == (0, True), done.out


@pytest.mark.parametrize("name", INSTALLERS)
def test_an_older_index_is_taken(name: str, open_site: OpenSite, releases: Releases, tmp_path: Path) -> None:
    """One that is put back hides the newer release."""
    site, client = open_site(releases.first), INSTALLERS[name]
    older = site.snapshot()
    site.add(releases.second)
    site.put_back(older)
    done = client.install(tmp_path / "project", site.url)
    assert (done.code, holds(tmp_path / "project", releases.first.authorities["old"].pem)) == (0, True), (
        done.out
    )

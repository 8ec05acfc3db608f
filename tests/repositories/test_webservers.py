"""The guide's lines for web servers: each starts with them, and serves a site as its clients want it."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import shutil
import ssl
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.repositories import site as sites
from builder.repositories.sitefile import Kind
from tests.docs.blocks import blocks
from tests.repositories import webservers
from tests.repositories.clean import clean
from tests.repositories.sites import Site, build_release
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.repositories.sites import Release

_MORE = "npm_scope: '@acme'\n"
_KEPT, _FRESH = "max-age=31", "no-cache"  # of a year, written by lighttpd as 31104000 seconds


@dataclass(frozen=True)
class Host:
    """A web server at work on a site, and the root that its certificate is from."""

    url: str
    root: Path
    site: Site

    def ask(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """Ask for a path as it stands; return status, headers in lower case, and body."""
        context = ssl.create_default_context(cafile=str(self.root))
        connection = http.client.HTTPSConnection(self.url.removeprefix("https://"), context=context)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()


@pytest.fixture(scope="module")
def scoped(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Build a release whose npm package has a scope."""
    root = authority.create("Acme Root", now=dt.datetime.now(dt.UTC))
    folder = tmp_path_factory.mktemp("scoped")
    return build_release(folder / "2026.10", "acme", "2026.10", {"root": root}, more=_MORE)


@pytest.fixture(scope="module", params=webservers.SERVERS)
def host(request: pytest.FixtureRequest, scoped: Release) -> Iterator[Host]:
    """Start a server with the guide's lines, with a certificate of a CA of its own."""
    now = dt.datetime.now(dt.UTC)
    ca = authority.create("Web", now=now)
    leaf = authority.issue(ca, ["localhost"], now=now)
    # Apache's and others' accounts may not enter the folders of pytest.
    with tempfile.TemporaryDirectory(prefix="trustpack-web-") as name:
        folder = Path(name)
        chain, key, root = (folder / f"{part}.pem" for part in ("chain", "key", "root"))
        chain.write_bytes(leaf.chain)
        key.write_bytes(leaf.key)
        root.write_bytes(ca.pem)
        port = webservers.free_port()
        site = Site(folder / "made", f"https://localhost:{port}", None)
        site.add(scoped)
        served = webservers.readable_copy(site.folder, folder)
        with webservers.serving(request.param, folder, served, port=port, chain=chain, key=key) as url:
            yield Host(url, root, site)


def test_every_file_is_served_as_it_is(host: Host) -> None:
    """Packed or not: a `.gz` is a file, not an encoding."""
    found = sites.read(host.site.folder, None)
    assert found is not None
    wrong = []
    for path in found.files:
        code, headers, data = host.ask(f"/{path}", **{"Accept-Encoding": "gzip"})
        if (code, data) != (200, (host.site.folder / path).read_bytes()) or "content-encoding" in headers:
            wrong.append(path)
    assert wrong == []


def test_only_what_never_changes_is_kept(host: Host) -> None:
    """And all of that which is a package; whatever else there is, is asked for each time."""
    found = sites.read(host.site.folder, None)
    assert found is not None
    cached = {
        path: host.ask(f"/{path}")[1]["cache-control"] for path in found.files if "trustpack/" not in path
    }
    assert {
        path for path, said in cached.items() if _KEPT in said and not found.files[path].kind.immutable
    } == set()
    fresh = {path for path, said in cached.items() if said == _FRESH}
    packages = {path for path in cached if found.files[path].kind is Kind.BLOB and path.endswith(_PACKAGES)}
    assert packages & fresh == set()
    assert {path for path, said in cached.items() if said != _FRESH and _KEPT not in said} == set()


_PACKAGES = (".deb", ".rpm", ".apk", ".whl", ".tgz", ".gem", ".pkg.tar.gz")


def test_what_is_not_there_is_not_found(host: Host) -> None:
    """And no cache may remember that for long."""
    for path in ("/pypi/simple/nothing/", "/npm/nothing", "/deb/pool/main/a/acme-ca-certs/nothing.deb"):
        code, headers, _ = host.ask(path)
        assert (404, False) == (code, _KEPT in headers.get("cache-control", "")), path


def test_what_package_managers_ask_for_has_the_right_form(host: Host) -> None:
    """A folder is its index in HTML, an encoded slash a slash, and a part of a file is to be had."""
    code, headers, _ = host.ask("/pypi/simple/acme-certifi/")
    assert (200, "text/html") == (code, headers["content-type"].partition(";")[0])
    assert 200 == host.ask("/npm/@acme%2fca")[0]
    assert 200 == host.ask("/")[0]
    code, _, data = host.ask("/gem/versions", Range="bytes=10-")
    assert (206, (host.site.folder / "gem/versions").read_bytes()[10:]) == (code, data)


def test_the_gem_index_has_no_entity_tag(host: Host) -> None:
    """Bundler 2.3 would take it for the MD5 of what came; other clients' indexes keep theirs."""
    answers = {path: host.ask(path) for path in ("/gem/versions", "/gem/info/acme-ca", "/npm/@acme/ca")}
    assert [200] * 3 == [code for code, _, _ in answers.values()]
    tagged = {path: "etag" in headers for path, (_, headers, _) in answers.items()}
    assert tagged == {"/gem/versions": False, "/gem/info/acme-ca": False, "/npm/@acme/ca": True}


def test_pip_installs_from_it_by_name(host: Host, tmp_path: Path) -> None:
    """Over TLS, with the server's own root."""
    assert 0 == clean(tmp_path, sys.executable, "-m", "venv", "fresh").code
    index = ("--index-url", f"{host.url}/pypi/simple/", "--cert", host.root)
    done = clean(tmp_path, tmp_path / "fresh/bin/pip", "install", *index, "acme-certifi")
    assert 0 == done.code, done.out
    assert "Successfully installed acme-certifi-1.2026.10" in done.out


def test_npm_installs_from_it_by_a_scoped_name(host: Host, tmp_path: Path) -> None:
    """It asks for the name with its slash encoded."""
    settings = f"@acme:registry={host.url}/npm/\ncafile={host.root}\naudit=false\nfund=false\n"
    done = clean(tmp_path, "npm", "install", "@acme/ca", files={".npmrc": settings})
    assert 0 == done.code, done.out
    assert (tmp_path / "node_modules/@acme/ca/package.json").is_file()


def test_the_guides_two_lines_of_rsync_copy_a_site(tmp_path: Path, scoped: Release) -> None:
    """What is new first, then what has changed; what came is the site, to the last byte."""
    require("rsync")
    site, web = Site(tmp_path / "site", "https://packages.acme.internal", None), tmp_path / "web"
    web.mkdir()
    (lines,) = (block.text for block in blocks("run-your-own-site") if block.text.startswith("rsync "))
    command = lines.replace("web@packages.acme.internal:/srv/site/", f"{web}/")
    site.add(scoped)
    for _ in range(4):
        site.refresh()
        done = subprocess.run(
            ["sh", "-e", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stderr
        copied = Site(web, site.url, None)
        assert site.snapshot() == copied.snapshot()
    shutil.rmtree(web)

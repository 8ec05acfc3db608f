"""A container with only a language: each client takes the site's CAs from the pinned bundle.

The lines are those of the guide's page first-install.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import server_context
from tests.repositories.clean import clean
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.sites import Releases, Site

# What names the bundle, and the command that it comes before or into.
_LINES = {
    "pip": (
        "--cert bundle.pem",
        "{python} -m pip install --target there {ca} --index-url {url}/pypi/simple/ acme-certifi",
    ),
    "npm": ("--cafile bundle.pem", "npm install {ca} --registry {url}/npm/ acme-ca"),
    # It fetches the index itself, and lets RubyGems fetch the gems, which knows no BUNDLE_ setting.
    "bundler": (
        "BUNDLE_SSL_CA_CERT=$PWD/bundle.pem SSL_CERT_FILE=$PWD/bundle.pem",
        "env {ca} BUNDLE_PATH=there bundle install",
    ),
    "git": ("-c http.sslCAInfo=$PWD/bundle.pem", "git {ca} clone -q {url}/brew/homebrew-ca.git"),
}
_PROGRAMS = {"pip": "python3", "npm": "npm", "bundler": "bundle", "git": "git"}
_PIN = 'curl -fsSkO {url}/bundle.pem\necho "{digest}  bundle.pem" | sha256sum -c - &&\n'


@pytest.fixture
def site(releases: Releases, open_site: Callable[..., Site]) -> Site:
    """Serve a site over TLS, under one of the CAs that it brings."""
    now = dt.datetime.now(dt.UTC)
    leaf = authority.issue(releases.first.authorities["kept"], ["127.0.0.1", "localhost"], now=now)
    return open_site(releases.first, context=server_context(leaf))


@pytest.mark.parametrize("client", _LINES)
def test_the_pinned_bundle_is_enough(site: Site, tmp_path: Path, client: str) -> None:
    """With it the client installs by name, without it the server is refused; a wrong pin starts nothing."""
    require(_PROGRAMS[client])
    files = {"Gemfile": f'source "{site.url}/gem/" do\n  gem "acme-ca"\nend\n'} if client == "bundler" else {}
    digest = hashlib.sha256((site.folder / "bundle.pem").read_bytes()).hexdigest()
    option, command = _LINES[client]
    line = command.format(url=site.url, python=sys.executable, ca=option)
    bare = command.format(url=site.url, python=sys.executable, ca="")
    pin = _PIN.format(url=site.url, digest=digest)
    refused = clean(tmp_path, "sh", "-c", bare, files=files, env={"npm_config_fetch_retries": "0"})
    assert refused.code != 0, refused.out
    wrong = clean(tmp_path, "sh", "-c", pin.replace(digest, "0" * 64) + line, files=files)
    assert (wrong.code, "FAILED" in wrong.out) == (1, True), wrong.out
    done = clean(tmp_path, "sh", "-c", pin + line, files=files)
    assert done.code == 0, done.out

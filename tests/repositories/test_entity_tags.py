"""The guide's web servers send no entity tag that Bundler 2.3 would take for the MD5 of what came."""

from __future__ import annotations

import datetime as dt
import http.client
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from tests.repositories import webservers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that a server of another account may look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("server", webservers.SERVERS)
def test_no_server_tags_the_gem_index(server: str, open_folder: Path) -> None:
    """Below gem/ there is none; what the other clients ask for keeps its tag."""
    now = dt.datetime.now(dt.UTC)
    ca = authority.create("Acme Root CA", now=now)
    leaf = authority.issue(ca, ["localhost"], now=now)
    files = {"root.pem": ca.pem, "chain.pem": leaf.chain, "key.pem": leaf.key}
    for path in ("site/gem/versions", "site/gem/info/acme-ca", "site/npm/acme-ca"):
        files[path] = b"---\n"
    for path, data in files.items():
        (open_folder / path).parent.mkdir(parents=True, exist_ok=True)
        (open_folder / path).write_bytes(data)
    (open_folder / "own").mkdir()
    site = webservers.readable_copy(open_folder / "site", open_folder / "own")
    serving = webservers.serving(
        server, open_folder / "own", site, chain=open_folder / "chain.pem", key=open_folder / "key.pem"
    )
    with serving as url:
        context = ssl.create_default_context(cafile=open_folder / "root.pem")
        connection = http.client.HTTPSConnection(url.removeprefix("https://"), context=context)
        tags = {}
        for path in ("/gem/versions", "/gem/info/acme-ca", "/npm/acme-ca"):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"---\n")
            tags[path] = answer.headers["ETag"] is not None
        connection.close()
    assert tags == {"/gem/versions": False, "/gem/info/acme-ca": False, "/npm/acme-ca": True}

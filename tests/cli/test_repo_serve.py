"""`trustpack repo serve`: what it prints, how it ends, and that it serves nothing but a site."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import ENVIRONMENT, PROGRAM
from tests.cli.test_printed_json import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import World

_SECONDS = 20
_CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [deb, wheel]\n"


@pytest.fixture
def site(world: World) -> Path:
    """Return a site without signatures that says that it is served at port 8000."""
    world.write("trustpack.yaml", _CONFIG)
    assert world.run("build").code == 0
    done = world.run("repo", "build", "--unsigned", "--url", "http://127.0.0.1:8000")
    assert done.code == 0, done.err
    return world.folder / "site"


@contextmanager
def serving(world: World, *options: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Start the command, and end it by force where it does not end."""
    process = subprocess.Popen(
        [PROGRAM, "repo", "serve", *options],
        cwd=world.folder,
        env=ENVIRONMENT | {"TMPDIR": str(world.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(_SECONDS, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str], pattern: str) -> str:
    """Return what a line of standard output says where the pattern has its group."""
    assert process.stdout
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(process.communicate())


def get(url: str, context: ssl.SSLContext | None = None) -> bytes:
    """Fetch a page through no proxy."""
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    with urllib.request.build_opener(*handlers).open(url, timeout=_SECONDS) as answer:
        found: bytes = answer.read()
        return found


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_until_it_is_told_to_end(world: World, number: signal.Signals) -> None:
    """By Ctrl-C, by a service manager or by a terminal that closes: and leaves nothing behind."""
    before = world.files(".")
    with serving(world, "--port", "0", "--tls") as process:
        url = said(process, r"acme \S+ at (\S+) until Ctrl-C")
        ca = Path(said(process, r"Clients are to trust (\S+),"))
        context = ssl.create_default_context(cafile=ca)
        assert b"Origin: acme" in get(f"{url}deb/dists/stable/Release", context)
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            get(url, ssl.create_default_context())
        process.send_signal(number)
        _, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0
    assert "GET /deb/dists/stable/Release 200\n" in err
    assert "Traceback" not in err
    assert before == world.files(".")


def test_it_says_where_the_site_thinks_that_it_is(world: World, site: Path) -> None:
    """What goes to absolute addresses would go elsewhere; `repo rehost` is the way out."""
    with serving(world, site, "--port", "0", "--quiet") as process:
        url = said(process, r"acme \S+ at (\S+)/ until Ctrl-C")
        get(f"{url}/trustpack/status")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=_SECONDS)
    assert err == (
        f"warning: {site}: says that it is at http://127.0.0.1:8000, and some package managers go there: "
        f"trustpack repo rehost --out {site} --url {url}\n"
    )


@pytest.mark.usefixtures("site")
def test_it_prints_one_document_where_json_is_asked_for(world: World) -> None:
    """As soon as it serves."""
    with serving(world, "--port", "0", "--json") as process:
        assert process.stdout
        text = ""
        while not text.endswith("}\n"):
            text += process.stdout.readline()
        assert faults("repo-serve", text) == []
        assert get(json.loads(text)["url"] + "/trustpack/status")


def test_what_is_no_site_is_not_served(world: World) -> None:
    """Another folder may hold what is nobody else's business."""
    done = world.run("repo", "serve", ".")
    assert (done.code, done.out) == (13, "")
    assert done.err == "error: .: holds no site\nhint: make one first: trustpack repo build\n"


def test_a_signed_site_needs_no_keys(world: World, site: Path) -> None:
    """Who serves it need not be able to sign it, nor to verify it."""
    status = site / "trustpack" / "status"
    text = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{status.read_text()}"
    status.write_text(f"{text}-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n")
    with serving(world, "--port", "0") as process:
        assert (
            get(said(process, r"acme \S+ at (\S+) until") + "trustpack/status").decode() == status.read_text()
        )


@pytest.mark.usefixtures("site")
def test_a_port_that_is_taken_is_said(world: World) -> None:
    """By the first of two."""
    with serving(world, "--port", "0") as process:
        port = said(process, r"at http://127.0.0.1:(\d+)/")
        done = world.run("repo", "serve", "--port", port)
    assert done.code == 8
    expected = (
        f"error: port {port}: cannot be served on: {os.strerror(98)}\nhint: choose another with --port\n"
    )
    assert expected == done.err

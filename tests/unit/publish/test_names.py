"""What is said of a name, by what a registry answers."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import socket
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from builder.publish import names
from builder.publish.names import NameFinding, PackageName
from builder.repositories.stores.web import WebReader
from tests import registries
from tests.registries import NOT_FOUND, Answer
from tests.unit.artifacts import artifact, describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

OURS, OTHER = "a" * 64, "b" * 64
WHEEL = PackageName("wheel", "acme-certifi", "pypi", files={"acme_certifi-1.7-py3-none-any.whl": OURS})
NPM = PackageName("npm", "@acme/ca", "npm", files={"1.7.0": "sha512-OURS"})
GEM = PackageName("gem", "acme-ca", "rubygems", files={"1.7": OURS})
PATHS = {"pypi": "/simple/acme-certifi", "npm": "/@acme/ca", "rubygems": "/info/acme-ca"}
EACH = pytest.mark.parametrize("name", [WHEEL, NPM, GEM], ids=["pypi", "npm", "rubygems"])


def published(name: PackageName, files: Mapping[str, str]) -> Answer:
    """Return what the name's registry answers if it has these files."""
    if name.registry == "pypi":
        return registries.simple("Acme.Certifi", files)
    return registries.packument(name.name, files) if name.registry == "npm" else registries.compact(files)


def looked(name: PackageName, answers: Mapping[str, Answer]) -> NameFinding:
    """Ask a registry that answers so."""
    with registries.running(answers) as registry:
        return asked(name, registry.url)


def asked(name: PackageName, url: str) -> NameFinding:
    """Ask whoever is at an address."""
    reader = names.reader_of(name.registry, url, ca_file=None, proxy=lambda *_: None)
    with contextlib.closing(reader):
        return names.look(name, reader)


def public(name: PackageName) -> PackageName:
    """Return the name, declared public."""
    return msgspec.structs.replace(name, public=True)


@EACH
def test_a_name_that_is_not_there_is_free(name: PackageName) -> None:
    """Which is said once the registry has shown that it is one: by a name that all copies of it have."""
    assert "free" == looked(name, {}).state
    known = dict.fromkeys(registries.KNOWN, NOT_FOUND)
    found = looked(name, known)
    assert ("unknown", True) == (found.state, found.due)
    assert "this is no copy of" in found.why


@EACH
def test_only_the_name_is_sent(name: PackageName) -> None:
    """Beside it, which form of answer is understood, and by which program."""
    with registries.running({PATHS[name.registry]: published(name, {})}) as registry:
        asked(name, registry.url)
        assert [f"GET {PATHS[name.registry]}"] == registry.asked
        host = registry.url.removeprefix("http://")
    sent = {key for key, value in registry.headers.items() if value != host}
    assert {"Accept-Encoding", "Accept", "User-Agent"} == sent
    assert registry.headers["User-Agent"].startswith("trustpack/")


@EACH
def test_what_is_published_shows_whose_a_name_is(name: PackageName) -> None:
    """Ours by equal digest; another's by other bytes, though we declare it; else as declared."""
    (label, digest), path = next(iter(name.files.items())), PATHS[name.registry]
    ours, other = published(name, {"1.0": OTHER, label: digest}), published(name, {label: OTHER})
    older = published(name, {"1.0": OTHER})
    for answer, private, declared in (
        (ours, "ours", "ours"),
        (other, "taken", "taken"),
        (older, "taken", "ours"),
    ):
        assert private == looked(name, {path: answer}).state
        assert declared == looked(public(name), {path: answer}).state
    found = looked(name, {path: ours})  # it is out, and nobody said that it may be
    assert found.due
    assert "publish.public" in found.advice
    assert not looked(public(name), {path: ours}).due


@EACH
def test_a_name_without_files_is_taken(name: PackageName) -> None:
    """Somebody has registered it, or has taken back what was published."""
    found = looked(name, {PATHS[name.registry]: published(name, {})})
    assert ("taken", True) == (found.state, found.due)


@EACH
@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_registry_that_does_not_answer_leaves_a_name_unknown(name: PackageName, status: int) -> None:
    """And the reason is told."""
    found = looked(name, {PATHS[name.registry]: Answer(b"<html>", status)})
    assert ("unknown", True) == (found.state, found.due)
    assert f"the server answers {status}" in found.why


@EACH
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html><title>Sign in</title>\n---\n",
        b"{}",
        b"[1]",
        b'{"name": 1}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
    ids=["nothing", "html", "empty", "list", "number", "bytes", "deep"],
)
def test_what_is_no_registrys_answer_is_not_believed(name: PackageName, body: bytes) -> None:
    """A portal that wants a login says 200, too."""
    found = looked(name, {PATHS[name.registry]: Answer(body)})
    assert "unknown" == found.state
    assert "what comes is " in found.why


@pytest.mark.parametrize("name", [WHEEL, NPM], ids=["pypi", "npm"])
def test_an_answer_about_another_name_is_not_believed(name: PackageName) -> None:
    """What a server sends for every path tells nothing of this one."""
    other = msgspec.structs.replace(name, name="else")
    answer = registries.simple("else", {}) if name is WHEEL else published(other, {})
    assert "is about another name" in looked(name, {PATHS[name.registry]: answer}).why


@EACH
def test_a_redirect_is_followed_on_the_same_host_alone(name: PackageName) -> None:
    """PyPI adds a slash; who sends elsewhere is not asked there, since that would hear of the name."""
    path = PATHS[name.registry]
    (label, digest) = next(iter(name.files.items()))
    moved = Answer(status=301, headers={"Location": f"{path}/"})
    assert "ours" == looked(name, {path: moved, f"{path}/": published(name, {label: digest})}).state
    with registries.running({path: published(name, {})}, host="localhost") as other:
        away = Answer(status=302, headers={"Location": f"{other.url}{path}"})
        found = looked(name, {path: away})
        assert [] == other.asked
    assert "unknown" == found.state
    assert "is redirected to another host, localhost" in found.why
    assert "again and again" in looked(name, {path: Answer(status=301, headers={"Location": path})}).why


def test_nobody_is_there() -> None:
    """A closed port, and a name that has no address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        closed = asked(WHEEL, f"http://127.0.0.1:{held.getsockname()[1]}")
    assert ("unknown", True) == (closed.state, closed.due)
    assert "cannot be reached" in closed.why
    assert "cannot be reached" in asked(WHEEL, "http://registry.invalid").why


@contextlib.contextmanager
def dripping() -> Iterator[str]:
    """Run a server that sends a sign now and then, and never ends."""
    ended = threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not ended.wait(0.05):
                    self.wfile.write(b" ")

        def log_message(self, *_arguments: object) -> None:
            """Tell nobody."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        ended.set()
        server.shutdown()
        thread.join()


def test_who_sends_too_slowly_is_not_waited_for() -> None:
    """Each byte comes in time, and the answer never does."""
    with dripping() as url, contextlib.closing(WebReader(url, seconds=-127.5)) as reader:
        assert "sends too slowly" in names.look(WHEEL, reader).why


def test_an_endless_list_is_not_read() -> None:
    """No list of ours is that long; the list of a name that every copy has may be."""
    long = Answer(b" " * 2_100_000)
    assert ("taken", "its list there is longer than 2097152 bytes") == (
        (found := looked(WHEEL, {PATHS["pypi"]: long})).state, found.why,
    )  # fmt: skip
    assert "ours" == looked(public(WHEEL), {PATHS["pypi"]: long}).state
    assert "free" == looked(WHEEL, {"/simple/six": long}).state


def test_offline_nobody_is_asked() -> None:
    """Which is no reason to fail: it was wanted."""
    found = names.look(WHEEL, None)
    assert ("unknown", False) == (found.state, found.due)


def test_a_scope_is_what_has_an_owner() -> None:
    """A free name in somebody else's scope is theirs to take."""
    assert "the scope @acme is yours" in looked(NPM, {}).advice
    assert "npm_scope" in looked(msgspec.structs.replace(NPM, name="acme-ca"), {}).advice


def test_npms_digest_is_made_of_the_built_file(tmp_path: Path) -> None:
    """Unless that is missing, or is no longer what the manifest says."""
    made = artifact("acme-ca-1.7.0.tgz")
    [entry] = describe(made).artifacts
    path = tmp_path / entry.file
    assert {"1": ""} == names.own_files("npm", [entry], tmp_path)
    path.write_bytes(made.data)
    digest = base64.b64encode(hashlib.sha512(made.data).digest()).decode()
    assert {"1": f"sha512-{digest}"} == names.own_files("npm", [entry], tmp_path)
    path.write_bytes(b"changed")
    assert {"1": ""} == names.own_files("npm", [entry], tmp_path)
    assert {"acme-ca-1.7.0.tgz": entry.sha256} == names.own_files("pypi", [entry], tmp_path)
    assert {"1": entry.sha256} == names.own_files("rubygems", [entry], tmp_path)

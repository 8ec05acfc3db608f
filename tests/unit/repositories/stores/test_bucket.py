"""A bucket as a store: moto's S3 on loopback, and one in memory."""

import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from obstore.store import MemoryStore

from builder.errors import OutputError, ToolError
from builder.repositories.sitefile import Kind
from builder.repositories.stores import bucket
from builder.repositories.stores.bucket import BucketStore
from tests import s3


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Run an S3 server."""
    with s3.serving() as environment:
        yield environment


@pytest.fixture
def on_s3(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> BucketStore:
    """Return a new bucket's folder `pre/fix`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment[name])
    name = request.node.name.replace("_", "-").lower().partition("[")[0]
    url = s3.make_bucket(environment, name)
    return bucket.opened(f"{url}/pre/fix", environment, holder="me", clock=time)


def _in_memory() -> BucketStore:
    return BucketStore("memory", MemoryStore(), holder="me", clock=time)


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> BucketStore:
    """Return an empty bucket of either kind."""
    return _in_memory() if request.param == "memory" else request.getfixturevalue("on_s3")


def test_keeps_what_is_put_in(store: BucketStore, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What was put from bytes, from a file or piece by piece is read back, whole and in pieces."""
    local = tmp_path_factory.mktemp("local") / "large"
    local.write_bytes(b"x" * 12_000_000)
    store.put("deb/pool/a.deb", local, Kind.BLOB)
    store.put("deb/b", lambda: iter([b"1", b"2"]), Kind.HASHED)
    store.put("a", b"<p>", Kind.LEAF)
    assert [b"<p>", b"12", 12_000_000] == [
        store.read("a"), store.read("deb/b"), len(store.read("deb/pool/a.deb")),
    ]  # fmt: skip
    assert ["a", "deb/b", "deb/pool/a.deb"] == list(store.names())
    assert ["deb/b", "deb/pool/a.deb"] == list(store.names("deb"))
    store.remove("deb/b")
    store.remove("deb/b")
    assert ["a", "deb/pool/a.deb"] == list(store.names())
    with pytest.raises(FileNotFoundError):
        store.read("deb/b")
    with pytest.raises(OutputError, match="larger than 2 bytes"):
        store.read("a", 2)
    with pytest.raises(OutputError, match="no path of a site's file"):
        store.put("../a", b"", Kind.LEAF)


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        (
            "deb/pool/a.deb",
            Kind.BLOB,
            ["application/vnd.debian.binary-package", "public, max-age=31536000, immutable"],
        ),
        ("pypi/simple/a/index.html", Kind.LEAF, ["text/html; charset=utf-8", "no-cache"]),
        ("npm/acme-ca", Kind.LEAF, ["application/json", "no-cache"]),
        ("deb/dists/stable/InRelease", Kind.POINTER, ["text/plain; charset=utf-8", "no-cache"]),
    ],
)
def test_types_and_times(
    on_s3: BucketStore, environment: dict[str, str], path: str, kind: Kind, expected: list[str]
) -> None:
    """Each object is served as its type, for as long as its name stands for its content."""
    on_s3.put(path, b"", kind)
    at = f"{environment['AWS_ENDPOINT_URL']}/test-types-and-times/pre/fix/{path}"
    with urllib.request.urlopen(at) as answer:  # noqa: S310  loopback
        assert expected == [answer.headers["Content-Type"], answer.headers["Cache-Control"]]


def test_folder_has_a_key_of_its_own(on_s3: BucketStore, environment: dict[str, str]) -> None:
    """A folder's page is there for who asks for the folder, with the same type, until it is removed."""
    on_s3.put("pypi/simple/a/index.html", b"<p>", Kind.LEAF)
    on_s3.put("index.html", b"<p>", Kind.LEAF)
    where = "test-folder-has-a-key-of-its-own"
    page, root = "pre/fix/pypi/simple/a/", "pre/fix/index.html"
    assert [root, page, f"{page}index.html"] == s3.keys(environment, where)
    with urllib.request.urlopen(f"{environment['AWS_ENDPOINT_URL']}/{where}/{page}") as answer:  # noqa: S310  loopback
        assert (b"<p>", "text/html; charset=utf-8") == (answer.read(), answer.headers["Content-Type"])
    on_s3.remove("pypi/simple/a/index.html")
    assert [root] == s3.keys(environment, where)


def test_no_such_bucket(on_s3: BucketStore, environment: dict[str, str]) -> None:
    """A bucket that is not there, and an address that names none, are told."""
    assert on_s3.name == "s3://test-no-such-bucket/pre/fix"
    missing = bucket.opened("s3://missing", environment, holder="me", clock=time)
    with pytest.raises(OutputError, match=r"^s3://missing: there is no such bucket$"):
        missing.read("a")
    with pytest.raises(OutputError, match=r"^s3://: names no bucket$"):
        bucket.opened("s3://", environment, holder="me", clock=time)


def test_unreachable(on_s3: BucketStore) -> None:
    """A server that is not there is told in a sentence."""
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert on_s3.name
    with pytest.raises(OutputError, match=r"^s3://a: b: the store cannot be reached$"):
        bucket.opened("s3://a", nowhere, holder="me", clock=time).read("b")


def test_turns(store: BucketStore) -> None:
    """A turn is renewed, given back, and taken again; each change of the lease counts."""
    for _ in range(2):
        with store.turn() as turn:
            turn.renew()
            turn.keep()
    found = store.lease("trustpack/lease.json")
    assert found is not None
    assert (6, "") == (found.lease.counter, found.lease.holder)


def test_foreign_lease(store: BucketStore) -> None:
    """Something else under the lease's name is not replaced."""
    store.put("trustpack/lease.json", b"theirs", Kind.LEAF)
    with pytest.raises(OutputError, match="is no lease of ours"), store.turn():
        pass
    assert b"theirs" == store.read("trustpack/lease.json")


def test_without_obstore(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket without the package that it needs is an error that names the extra."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ToolError, match=r"^s3://a: buckets need obstore$") as caught:
        bucket.opened("s3://a", {}, holder="me", clock=time)
    assert "pip install 'trustpack[cloud]'" in caught.value.hint

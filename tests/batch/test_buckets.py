"""Buckets, by a real S3 server on loopback: organisations lie in one, and their releases go to another."""

from __future__ import annotations

import http.client
import json
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING

import obstore
import pytest
from obstore.store import S3Store

from builder.batch.record import RECORD
from tests import s3
from tests.batch import folders
from tests.batch.running import trustpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """Run the server."""
    with s3.serving() as environment:
        yield environment


def _store(server: dict[str, str], bucket: str) -> S3Store:
    return S3Store(
        bucket, endpoint=server["AWS_ENDPOINT_URL"], region=s3.REGION,
        access_key_id=server["AWS_ACCESS_KEY_ID"], secret_access_key=server["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )  # fmt: skip


def _copy(server: dict[str, str], orgs: Path, bucket: str) -> None:
    """Put organisations' files into a bucket, below a prefix."""
    store = _store(server, bucket)
    for path in (path for path in orgs.rglob("*") if path.is_file()):
        obstore.put(store, f"orgs/{path.relative_to(orgs)}", path.read_bytes())


def _fetch(server: dict[str, str], bucket: str, to: Path) -> None:
    for key in s3.keys(server, bucket):
        path = to / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(f"{server['AWS_ENDPOINT_URL']}/{bucket}/{key}") as answer:  # noqa: S310  loopback
            path.write_bytes(answer.read())


def test_from_a_bucket_to_a_bucket(server: dict[str, str], tmp_path: Path) -> None:
    """It holds what a folder would, byte for byte; what has changed is built again, and old files go."""
    orgs, here, there = tmp_path / "orgs", tmp_path / "here", tmp_path / "there"
    for slug in ("acme", "other"):
        folders.organisation(orgs, slug, "targets: [deb, pem]\n")
    place, out = (s3.make_bucket(server, name) for name in ("given", "made"))
    _copy(server, orgs, "given")
    obstore.put(_store(server, "given"), "orgs/Evil/trustpack.yaml", b"x")
    obstore.put(_store(server, "given"), "orgs/huge/trustpack.yaml", b"#" * 2_000_000)
    words = ("batch", "build", f"{place}/orgs", "--out", f"{out}/out", "--json")
    done = trustpack(*words, "--now", folders.NOW, cwd=tmp_path, **server)
    rows = {row["slug"]: row for row in json.loads(done.stdout)["results"]}
    assert (done.returncode, {slug: row["status"] for slug, row in rows.items()}) == (
        1, {"Evil": "failed", "acme": "built", "huge": "failed", "other": "built"}
    )  # fmt: skip
    assert rows["huge"]["where"] == "s3://given/orgs/huge/trustpack.yaml"
    assert "is larger than the 1048576 bytes" in rows["huge"]["message"]
    _fetch(server, "made", there)
    done = trustpack("batch", "build", orgs, "--out", here, "--now", folders.NOW, cwd=tmp_path)
    assert done.returncode == 0
    for slug in ("acme", "other"):
        assert folders.state(there / "out" / slug) == folders.state(here / slug)
        assert (there / "out" / slug / RECORD).exists()

    with (orgs / "acme" / "trustpack.yaml").open("a") as file:
        file.write("release: 2026.10\n")
    _copy(server, orgs, "given")
    done = trustpack(*words, "--only", "acme,other", "--now", folders.NOW, cwd=tmp_path, **server)
    rows = {row["slug"]: row for row in json.loads(done.stdout)["results"]}
    assert [rows[slug]["status"] for slug in ("acme", "other")] == ["failed", "skipped"]
    assert "is lower than 20261124" in rows["acme"]["message"]
    text = (orgs / "acme" / "trustpack.yaml").read_text().replace("2026.10", "20261125")
    (orgs / "acme" / "trustpack.yaml").write_text(text)
    _copy(server, orgs, "given")
    done = trustpack(*words, "--only", "acme,other", "--now", folders.NOW, cwd=tmp_path, **server)
    assert done.returncode == 0, done.stdout
    keys = [key for key in s3.keys(server, "made") if key.startswith("out/acme/")]
    assert keys == [
        "out/acme/.trustpack-batch.json",
        "out/acme/SHA256SUMS",
        "out/acme/acme-ca-certs-20261125.pem",
        "out/acme/acme-ca-certs_20261125_all.deb",
        "out/acme/manifest.json",
    ]


def test_a_name_that_is_no_path_stops_its_organisation_alone(server: dict[str, str], tmp_path: Path) -> None:
    """Though the bucket can no longer be listed as a whole."""
    place = s3.make_bucket(server, "named")
    for slug in ("acme", "globex", "other"):
        folders.organisation(tmp_path / "orgs", slug, "targets: [pem]\n")
    _copy(server, tmp_path / "orgs", "named")
    client = http.client.HTTPConnection(server["AWS_ENDPOINT_URL"].removeprefix("http://"))
    for name in ("acme//x", "globex/../other/x"):
        client.request("PUT", f"/named/orgs/{name}", b"x")
        with client.getresponse() as answer:
            answer.read()
            assert answer.status == HTTPStatus.OK
    done = trustpack("batch", "build", f"{place}/orgs", "--json", cwd=tmp_path, **server)
    rows = {row["slug"]: row for row in json.loads(done.stdout)["results"]}
    assert [(slug, row["status"]) for slug, row in rows.items()] == [
        ("acme", "failed"), ("globex", "failed"), ("other", "built")
    ]  # fmt: skip
    assert rows["acme"]["where"] == "s3://named/orgs/acme"
    assert rows["acme"]["message"].startswith("holds an object whose name is no path")


def test_a_bucket_that_is_not_there_is_told(server: dict[str, str], tmp_path: Path) -> None:
    """As a bucket of organisations, and as one of releases."""
    folders.organisation(tmp_path / "orgs", "acme")
    for words, said in (
        (("s3://nowhere",), "the store is not there"),
        (("orgs", "--out", "s3://nowhere"), "there is no such bucket"),
    ):
        done = trustpack("batch", "build", *words, cwd=tmp_path, **server)
        assert (done.returncode, done.stderr.splitlines()[0]) == (
            8, f"error: s3://nowhere: {said}"
        )  # fmt: skip


@pytest.mark.parametrize("place", ["https://orgs.example/", "file:///etc", "ftp://x"])
def test_other_addresses_are_no_places(tmp_path: Path, place: str) -> None:
    """Neither to read from nor to write to."""
    (tmp_path / "orgs").mkdir()
    for words in ((place,), ("orgs", "--out", place)):
        done = trustpack("batch", "build", *words, cwd=tmp_path)
        assert done.returncode == 2
        assert f"{place}: is no place that is known here" in done.stderr

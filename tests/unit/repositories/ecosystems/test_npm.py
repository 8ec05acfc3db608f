"""The npm registry: one file for each name, as clients ask for it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builder.errors import PackageError
from builder.repositories.ecosystems import npm
from builder.repositories.sitefile import Kind
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.libraries import npm as package

if TYPE_CHECKING:
    from builder.repositories.shelf import Shelf

RELEASES = ("20261101", "20261124", "20261130")
SHELF = shelves.shelf(npm, *map(package, RELEASES))
OLD, MIDDLE, NEW = (f"1.{release}.0" for release in RELEASES)


def _document(shelf: Shelf, path: str = "npm/@acme/ca") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shelves.indexes(npm, shelf)[path])
    return found


def test_a_version_is_its_package_json_with_digests_and_address() -> None:
    """What a package says of its own `dist` does not count."""
    document = _document(SHELF)
    data = package("20261130").data
    assert document["name"] == document["_id"] == "@acme/ca"
    assert document["dist-tags"] == {"latest": NEW}
    assert document["versions"][NEW] == {
        "name": "@acme/ca",
        "version": NEW,
        "bin": "./cli.js",
        "_id": f"@acme/ca@{NEW}",
        "dist": {
            "tarball": f"{shelves.URL}/npm/-/@acme/ca/acme-ca-{NEW}.tgz",
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode(),
            "shasum": hashlib.sha1(data).hexdigest(),  # noqa: S324  as the registry has it
            "fileCount": 2,
            "unpackedSize": 2
            + len(json.dumps({"name": "@acme/ca", "version": NEW, "dist": "not ours", "bin": "./cli.js"})),
        },
    }


def test_the_file_says_when_each_version_came() -> None:
    """And when it was last changed, be it by a withdrawal."""
    times = {
        OLD: "2026-11-30T00:53:20.000Z",
        MIDDLE: "2026-11-30T00:53:21.000Z",
        NEW: "2026-11-30T00:53:22.000Z",
    }
    assert _document(SHELF)["time"] == times | {"created": times[OLD], "modified": times[NEW]}
    withdrawn = _document(shelves.withdrawn(SHELF, "20261101"))["time"]
    assert withdrawn["modified"] == "2026-11-30T00:55:00.000Z"


def test_a_withdrawn_version_is_deprecated_and_never_latest() -> None:
    """With its reason; where nothing is offered, nothing is the latest."""
    document = _document(shelves.withdrawn(SHELF, "20261124", "20261130", reason="stolen"))
    assert document["dist-tags"] == {"latest": OLD}
    assert {version: one.get("deprecated") for version, one in document["versions"].items()} == {
        OLD: None,
        MIDDLE: "stolen",
        NEW: "stolen",
    }
    assert _document(shelves.withdrawn(SHELF, *RELEASES))["dist-tags"] == {}


def test_the_latest_is_the_highest_release_in_whatever_order_they_came() -> None:
    """An older release may come to a site later."""
    assert _document(shelves.shelf(npm, package("20261130"), package("20261101")))["dist-tags"] == {
        "latest": NEW
    }


def test_a_site_that_moves_has_other_addresses_and_nothing_else() -> None:
    """The lines that are kept have none."""
    there = shelves.Files()
    npm.index(SHELF, replace(shelves.publication(), url="https://elsewhere.example/x"), there)
    here = shelves.indexes(npm, SHELF)["npm/@acme/ca"]
    assert there["npm/@acme/ca"] == here.replace(shelves.URL.encode(), b"https://elsewhere.example/x")
    assert there.kinds["npm/@acme/ca"] is Kind.LEAF


def test_two_names_have_a_file_each() -> None:
    """As after an organisation has got itself a scope."""
    shelf = shelves.shelf(npm, package("20261101", name="acme-ca"), package("20261124"))
    assert sorted(shelves.indexes(npm, shelf)) == ["npm/@acme/ca", "npm/acme-ca"]
    assert list(_document(shelf, "npm/acme-ca")["versions"]) == [OLD]


@pytest.mark.parametrize("name", ["../x", "@acme/../x", "-/x", "Acme", "a/b", "@acme", "", "a b", "@a/b/c"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """It would become a path."""
    with pytest.raises(PackageError, match="is no name and version that npm takes"):
        npm.admit(package("20261124", name=name), shelves.publication())


@pytest.mark.parametrize("version", ["1.2", "01.2.3", "1.2.3/../..", "latest", "1.2.3.4"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    """Npm would not find it."""
    with pytest.raises(PackageError, match="is no name and version that npm takes"):
        npm.admit(package("20261124", version=version), shelves.publication())


def test_a_scope_is_bound_to_the_site_and_a_name_without_one_is_an_address() -> None:
    """So that no client asks anybody else for it."""
    scoped = {one.id: one for one in npm.instructions(SHELF, shelves.publication())}
    assert list(scoped) == ["npm", "pnpm", "yarn", "yarn1", "bun"]
    assert scoped["npm"].setup == f"echo '@acme:registry={shelves.URL}/npm/' >>.npmrc\n"
    plain = shelves.shelf(npm, package("20261124", name="acme-ca"))
    [told] = npm.instructions(plain, shelves.publication())
    assert told.install == f"npm install {shelves.URL}/npm/-/acme-ca/acme-ca-1.20261124.0.tgz\n"
    assert list(npm.instructions(shelves.shelf(npm), shelves.publication())) == []

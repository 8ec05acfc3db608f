"""The Python index: links with digests, yanked files, and the same in JSON."""

from __future__ import annotations

import hashlib
import json
from html.parser import HTMLParser

import pytest

from builder.errors import PackageError
from builder.repositories.ecosystems import pypi
from builder.repositories.sitefile import Kind
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.libraries import wheel

RELEASES = ("20261101", "20261124")
SHELF = shelves.shelf(pypi, *map(wheel, RELEASES))
NEW = "acme_certifi-1.20261124-py3-none-any.whl"
_PAGE = "pypi/simple/acme-certifi/index.html"


class _Links(HTMLParser):
    """The attributes of each link of a page, by the file that it leads to."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            told = dict(attrs)
            address = str(told.pop("href"))
            self.found[address] = told


def test_the_page_has_each_file_with_its_digests() -> None:
    """PEP 503, and 658's under both its names; addresses are relative."""
    files = shelves.indexes(pypi, SHELF)
    admitted = pypi.admit(wheel("20261124"), shelves.publication())
    package, metadata = (hashlib.sha256(one.data).hexdigest() for one in admitted.files)
    assert _Links(files[_PAGE]).found[f"../../files/{NEW}#sha256={package}"] == {
        "data-core-metadata": f"sha256={metadata}",
        "data-dist-info-metadata": f"sha256={metadata}",
        "data-requires-python": ">=3.9",
    }
    assert [one.path for one in admitted.files] == [f"pypi/files/{NEW}", f"pypi/files/{NEW}.metadata"]
    assert b'<a href="acme-certifi/">acme-certifi</a>' in files["pypi/simple/index.html"]


def test_the_json_has_the_same_and_sizes_and_times() -> None:
    """PEP 691 and 700."""
    files = shelves.indexes(pypi, SHELF)
    found = json.loads(files["pypi/simple/acme-certifi/index.json"])
    assert found["meta"] == {"api-version": "1.1"}
    assert found["versions"] == ["1.20261101", "1.20261124"]
    admitted = pypi.admit(wheel("20261124"), shelves.publication()).files
    assert found["files"][1] == {
        "filename": NEW,
        "url": f"../../files/{NEW}",
        "hashes": {"sha256": hashlib.sha256(admitted[0].data).hexdigest()},
        "requires-python": ">=3.9",
        "core-metadata": {"sha256": hashlib.sha256(admitted[1].data).hexdigest()},
        "size": len(admitted[0].data),
        "upload-time": "2026-11-30T00:53:21.000000Z",
        "yanked": False,
    }
    assert json.loads(files["pypi/simple/index.json"])["projects"] == [{"name": "acme-certifi"}]


def test_a_withdrawn_file_is_yanked_with_its_reason() -> None:
    """PEP 592, whatever signs the reason has."""
    reason = 'its key is <b>"public"</b> & more'
    files = shelves.indexes(pypi, shelves.withdrawn(SHELF, "20261101", reason=reason))
    yanked = {one.get("data-yanked") for one in _Links(files[_PAGE]).found.values()}
    assert yanked == {reason, None}
    found = json.loads(files["pypi/simple/acme-certifi/index.json"])["files"]
    assert [one["yanked"] for one in found] == [reason, False]


def test_a_site_that_moves_keeps_its_pages() -> None:
    """Nothing in them depends on where and when the site is published."""
    assert dict(shelves.indexes(pypi, SHELF)) == dict(shelves.indexes(pypi, SHELF, time=shelves.TIME + 1))
    assert shelves.URL.encode() not in b"".join(shelves.indexes(pypi, SHELF).values())


def test_a_name_is_listed_in_its_normal_form() -> None:
    """PEP 503; two names have a page each."""
    shelf = shelves.shelf(pypi, wheel("20261124", name="Acme_Certifi"), wheel("20261124", name="acme.two"))
    assert sorted(path for path in shelves.indexes(pypi, shelf) if path.endswith("html")) == [
        "pypi/simple/acme-certifi/index.html",
        "pypi/simple/acme-two/index.html",
        "pypi/simple/index.html",
    ]


@pytest.mark.parametrize("name", ["../../x", "acme certifi", "acme<b>", "ä", "-"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """It would become a path."""
    with pytest.raises(PackageError, match="is no name that a Python package can have"):
        pypi.admit(wheel("20261124", name=name), shelves.publication())


def test_what_is_written_when() -> None:
    """A wheel and its metadata never change; what leads to all names comes last."""
    admitted = pypi.admit(wheel("20261124"), shelves.publication())
    assert {file.kind for file in admitted.files} == {Kind.BLOB}
    kinds = shelves.Files()
    pypi.index(SHELF, shelves.publication(), kinds)
    assert kinds.kinds[_PAGE] is Kind.LEAF
    assert kinds.kinds["pypi/simple/index.html"] is Kind.POINTER


def test_the_lines_name_one_index_alone() -> None:
    """No text has a second index beside the client's own."""
    told = {one.id: one for one in pypi.instructions(SHELF, shelves.publication())}
    assert list(told) == ["pip", "uv", "poetry"]
    assert told["pip"].install == (
        f"python3 -m pip install --index-url {shelves.URL}/pypi/simple/ acme-certifi\n"
    )
    texts = "".join(f"{one.setup}{one.install}{one.upgrade}" for one in told.values())
    assert "extra" not in texts
    assert list(pypi.instructions(shelves.shelf(pypi), shelves.publication())) == []

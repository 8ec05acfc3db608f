"""Where a request leads in a site's folder, and that it never leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.repositories.lookup import Found, Moved, look_up
from tests.tools import require_linux

_DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a site beside which there is a secret."""
    (tmp_path / "secret").write_text("secret")
    site = tmp_path / "site"
    (site / "npm" / "@acme").mkdir(parents=True)
    (site / "npm" / "@acme" / "ca").write_text("packument")
    (site / "with space+~:é").write_text("odd")
    (site / "pypi").mkdir()
    (site / "pypi" / "index.html").write_text("index")
    (site / "empty").mkdir()
    (site / "folder" / "index.html").mkdir(parents=True)
    return site


def content(folder: Path, path: str) -> str | None:
    """Return what a request is answered with; None for nothing."""
    found = look_up(folder, path)
    if isinstance(found, Found):
        with found.file:
            return found.file.read().decode()
    assert found is None
    return None


@pytest.mark.parametrize(
    "path", ["/npm/@acme/ca", "/npm/@acme%2fca", "/npm/%40acme%2Fca", "//npm/./@acme/ca"]
)
def test_an_encoded_slash_is_a_slash(folder: Path, path: str) -> None:
    """npm, yarn and bun ask for a name with a scope by %2f, pnpm by %2F."""
    assert content(folder, path) == "packument"


@pytest.mark.parametrize("path", ["/with%20space+~:%C3%A9", "/with space%2B%7E%3A%c3%a9"])
def test_a_name_may_be_percent_encoded(folder: Path, path: str) -> None:
    """Whatever is encoded in it; a plus is no space in a path."""
    assert content(folder, path) == "odd"


def test_a_folder_is_its_index(folder: Path) -> None:
    """With its slash; without, the client is sent to where the slash is."""
    assert content(folder, "/pypi/") == "index"
    assert look_up(folder, "/pypi") == Moved("/pypi/")


def test_a_redirect_stays_on_this_host(folder: Path) -> None:
    """Two slashes in front would be another host's name."""
    (folder / "example.org").mkdir()
    assert look_up(folder, "//example.org") == Moved("/example.org/")
    assert look_up(folder, "/npm//@acme") == Moved("/npm/%40acme/")


@pytest.mark.parametrize(
    "path",
    [
        "/",  # has no index
        "/empty/",
        "/folder/",
        "/pypi/index.html/",
        "/missing",
        "/npm/@acme/ca/more",
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/npm/../../secret",
        "/npm/../npm/@acme/ca",
        "/secret%00",
        "/pypi\\index.html",
        "/" + "a" * 300,
        "/" + "a/" * 5000,
    ],
)
def test_everything_else_is_nothing(folder: Path, path: str) -> None:
    """No list of a folder, nothing outside of the site, and no error."""
    assert content(folder, path) is None


def test_a_link_leads_only_to_what_is_in_the_site(folder: Path) -> None:
    """One that leads out is as if it were not there, and so is one that leads round in a circle."""
    (folder / "out").symlink_to("../secret")
    (folder / "above").symlink_to("..")
    (folder / "circle").symlink_to("circle")
    (folder / "latest").symlink_to("npm/@acme/ca")
    (folder / "python").symlink_to("pypi")
    assert content(folder, "/out") is None
    assert content(folder, "/above/secret") is None
    assert content(folder, "/above/site/npm/@acme/ca") == "packument"
    assert content(folder, "/circle") is None
    assert content(folder, "/latest") == "packument"
    assert content(folder, "/python/") == "index"


def test_a_site_may_itself_be_a_link(folder: Path, tmp_path: Path) -> None:
    """As /srv/www often is."""
    (tmp_path / "current").symlink_to(folder)
    assert content(tmp_path / "current", "/pypi/") == "index"


def test_what_is_no_regular_file_is_nothing(folder: Path) -> None:
    """A pipe would be waited for, without an end."""
    os.mkfifo(folder / "pipe")
    (folder / "null").symlink_to("/dev/null")
    assert content(folder, "/pipe") is None
    assert content(folder, "/null") is None


def test_no_descriptor_is_left_open(folder: Path) -> None:
    """However a request ends."""
    require_linux()
    before = len(list(_DESCRIPTORS.iterdir()))
    for path in ("/pypi", "/pypi/", "/empty/", "/missing", "/folder/", "/pypi/index.html/", "/npm/@acme/ca"):
        found = look_up(folder, path)
        if isinstance(found, Found):
            found.file.close()
    assert before == len(list(_DESCRIPTORS.iterdir()))

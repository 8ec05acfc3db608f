"""`trustpack repo push`, `fetch` and `export`: what they print, and how they end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from builder.repositories.serve import serve

if TYPE_CHECKING:
    from tests.cli.conftest import World

_CONFIG = """\
organisation: {slug: acme}
bundle: {paths: [roots.pem]}
site: https://packages.acme.example
"""


@pytest.fixture
def site(world: World) -> World:
    """Return a project with a signed site of one release."""
    world.write("trustpack.yaml", _CONFIG)
    for line in ("keys new", "build --release 2026.10 --target deb", "repo build"):
        assert world.run(*line.split()).code == 0
    return world


def test_push(site: World) -> None:
    """Each run says what it did, a dry run what it would do."""
    said = site.run("repo", "push", "www", "--dry-run")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "write   trustpack/unfinished.json"
    assert lines[-2:] == ["write   trustpack/status", "remove  trustpack/unfinished.json"]
    assert not (site.folder / "www").exists()
    done = site.run("repo", "push", "www")
    count = len(lines) - 2
    expected = f"www: {count} files written, 0 removed; publication 1, for https://packages.acme.example\n"
    assert (done.code, done.out, done.err) == (0, expected, "")
    assert site.run("repo", "push", "www").out == "www: is as it should be\n"


@pytest.mark.parametrize(
    "url",
    [
        "https://packages.acme.example/\n[evil]",
        "https://packages.acme.example/$(id)",
        "https://packages.acme.example/;id",
        "packages.acme.example",
        "https://ci:s3cret@packages.acme.example",
        "https://packages.acme.example/?token=s3cret",
    ],
)
def test_an_address_is_what_the_configuration_takes_for_one(site: World, url: str) -> None:
    """It stands in the lines that people copy, and in files that root reads; what is secret is not told."""
    for words in (("rehost",), ("build", "--dry-run")):
        refused = site.run("repo", *words, "--url", url)
        assert (2, "") == (refused.code, refused.out)
        assert "s3cret" not in refused.err


@pytest.mark.parametrize("reason", ["", "its key\nwas stolen", "\x1b[31mstolen", "a\u202eb"])
def test_a_reason_is_a_line_of_text(site: World, reason: str) -> None:
    """It comes into XML and onto terminals."""
    refused = site.run("repo", "retire", "2026.10", "--reason", reason)
    assert (2, "") == (refused.code, refused.out)
    assert "error: --reason: is no line of text\n" in refused.err


def test_a_site_without_an_address(world: World) -> None:
    """The configuration lacks it."""
    world.write("trustpack.yaml", _CONFIG.replace("site:", "# site:"))
    assert world.run("build", "--release", "2026.10", "--target", "deb").code == 0
    refused = world.run("repo", "build", "--unsigned")
    assert (3, "") == (refused.code, refused.out)
    assert "hint: set site: in trustpack.yaml, or give --url\n" in refused.err
    assert world.run("repo", "build", "--unsigned", "--url", "").code == 2


def test_moving_a_site_that_the_configuration_has_elsewhere(site: World) -> None:
    """The next command would bring it back: that is said, and not where both agree."""
    moved = site.run("repo", "rehost", "--url", "https://new.acme.example/")
    said = "note: trustpack.yaml: site: is https://packages.acme.example, and the next command brings"
    assert (moved.code, moved.err.partition(" the site back there")[0]) == (0, said)
    assert site.run("repo", "rehost", "--url", "https://packages.acme.example/").err == ""


def test_fetch(site: World) -> None:
    """By an address, with the public keys alone; what was seen is remembered."""
    key = (site.folder / "site" / "acme.asc").read_bytes()
    (site.folder / "known.asc").write_bytes(key)
    words = ("--certificate", "known.asc", "--out", "copy", "--record", "seen.json")
    with serve(site.folder / "site") as url:
        done = site.run("repo", "fetch", url, *words)
        pattern = rf"copy: [0-9]+ files came from {re.escape(url)}; publication 1, release 2026\.10\n"
        assert (done.code, done.err) == (0, "")
        assert re.fullmatch(pattern, done.out)
    (site.folder / "seen.json").write_text('{"organisation":"acme","counter":7,"time":1}')
    refused = site.run("repo", "fetch", "site", *words[:2], "--out", "other", "--record", "seen.json")
    assert refused.code == 13
    assert "site: is publication 1, and 7 was seen before" in refused.err


def test_other_keys(site: World) -> None:
    """What other keys have signed is refused, whoever's folder it is in."""
    for line in ("keys new --keys others", "repo push www"):
        assert site.run(*line.split()).code == 0
    assert site.run("repo", "fetch", "www", "--keys", "others", "--out", "copy").code == 12
    assert site.run("repo", "push", "www", "--keys", "others").code == 12
    assert not (site.folder / "copy" / "trustpack").exists()


def test_export(site: World) -> None:
    """A whole site makes a file; one that was changed makes none."""
    done = site.run("repo", "export", "site.tar")
    assert done.code == 0
    assert re.fullmatch(r"site\.tar: [0-9]+ files of publication 1\n", done.out)
    (site.folder / "site" / "index.html").write_text("changed")
    refused = site.run("repo", "export", "other.tar")
    assert refused.code == 13
    assert "site/index.html: has 7 bytes, and the site's list says " in refused.err
    refused = site.run("repo", "export", "other.tar", "--certificate", "site/acme.asc")
    assert refused.code == 13
    assert "site/index.html: is not what the site's list says" in refused.err
    assert not (site.folder / "other.tar").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("repo push https://packages.acme.example", "https://packages.acme.example: cannot be written to"),
        ("repo push s3://", "s3://: names no bucket"),
        ("repo fetch ftp://x --out y", "ftp://x: is no address that is known here"),
        ("repo fetch none --out y", "none: holds no site"),
        ("repo push www --keys keys --certificate a", "--keys and --certificate: give one of them"),
    ],
)
def test_errors(site: World, line: str, told: str) -> None:
    """What cannot be done is told in a sentence, and nothing is made."""
    done = site.run(*line.split())
    assert done.code != 0
    assert told in done.err
    assert not (site.folder / "y" / "trustpack").exists()

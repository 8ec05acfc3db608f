"""`trustpack repo push`, `fetch` and `export`: what they print, and how they end."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from builder.render.shipped import ROOT
from builder.repositories.serve import serve

if TYPE_CHECKING:
    from tests.cli.conftest import World

RECIPES = ROOT / "recipes"
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


def test_a_check_after_a_rotation_tells_what_to_do(site: World) -> None:
    """The site is not damaged: it has not been published with the new keys."""
    assert site.run("keys", "rotate").code == 0
    before = site.run("repo", "check")
    assert before.code == 13
    assert "trustpack repo refresh makes indexes anew\n" in before.err
    assert site.run("repo", "refresh").code == 0
    assert site.run("repo", "check").code == 0
    assert site.run("keys", "rotate", "--finish").code == 0
    assert site.run("repo", "refresh").code == 0
    assert site.run("repo", "check").code == 0


def test_a_check_tells_what_a_push_has_left(site: World) -> None:
    """Until the next one, for who has read the publication before: it is not somebody else's."""
    for line in ("repo push www", *["repo refresh"] * 3, "repo push www"):
        assert site.run(*line.split()).code == 0
    kept = json.loads((site.folder / "www/trustpack/left.json").read_text())
    assert len(kept) > 1
    (site.folder / "www" / "theirs").touch()
    said = site.run("repo", "check", "www")
    left = f"left by a push for who reads the publication before, until the next push: {len(kept)} files"
    assert (0, ["left alone, because not the site's: theirs", left]) == (said.code, said.out.splitlines()[:2])
    found = json.loads(site.run("repo", "check", "www", "--json").out)
    assert (["theirs"], sorted([*kept, "trustpack/left.json"])) == (found["others"], found["left"])


def test_where_a_configuration_elsewhere_has_its_files(site: World) -> None:
    """Its keys are beside it; what is written comes to where the command runs, unless it is told."""
    (site.folder / "sub").mkdir()
    for name in ("trustpack.yaml", "roots.pem", "keys"):
        (site.folder / name).rename(site.folder / "sub" / name)
    for name in ("dist", "site"):
        shutil.rmtree(site.folder / name)
    words = ("--config", "sub/trustpack.yaml")
    assert site.run("build", "--release", "2026.10", "--target", "deb", *words).code == 0
    assert site.run("repo", "build", *words).code == 0
    assert {"dist", "site", "sub"} <= {path.name for path in site.folder.iterdir()}
    assert {"trustpack.yaml", "roots.pem", "keys"} == {path.name for path in (site.folder / "sub").iterdir()}
    assert site.run("repo", "build", *words, "--out", "sub/site").code == 0
    assert (site.folder / "sub/site/index.html").is_file()


def test_a_build_that_fails_leaves_no_folder(site: World) -> None:
    """Nor does a fetch."""
    for words in (("build", "none", "--out", "new/site"), ("fetch", "none", "--out", "new/copy")):
        assert site.run("repo", *words).code != 0
    assert not (site.folder / "new").exists()


def test_a_package_of_a_target_of_ones_own(site: World) -> None:
    """The page and install.sh name it, and are about the package of the CAs as before."""
    recipe = (RECIPES / "deb.yaml").read_text("utf-8").replace("{slug}-ca-certs", "{slug}-appliance")
    site.write("recipes/appliance.yaml", recipe)
    shutil.copytree(RECIPES.parent / "templates/deb", site.folder / "templates/appliance")
    assert site.run("build", "--release", "2026.11", "--target", "deb,appliance").code == 0
    assert site.run("repo", "add").code == 0
    page = (site.folder / "site/index.html").read_text("utf-8")
    names = "acme-appliance, acme-ca-certs"
    assert f"<li>There are 2 packages here, and the lines are about one: {names}.</li>" in page
    assert "sudo apt-get install acme-repository acme-ca-certs\n" in page
    script = (site.folder / "site/install.sh").read_text("utf-8")
    assert "tool=apt ca_package=acme-ca-certs\n" in script
    assert "apt) further=acme-appliance ;;\n" in script


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
    assert (moved.code, moved.err.partition(" the site back there")[0]) == (0, f"apt\n{said}")
    assert site.run("repo", "rehost", "--url", "https://packages.acme.example/").err == "apt\n"


def test_fetch(site: World) -> None:
    """By an address, with the public keys alone; what was seen is remembered."""
    key = (site.folder / "site" / "acme.asc").read_bytes()
    (site.folder / "known.asc").write_bytes(key)
    words = ("--certificate", "known.asc", "--out", "copy", "--record", "seen.json")
    with serve(site.folder / "site") as url:
        done = site.run("repo", "fetch", url, *words)
        pattern = rf"copy: [0-9]+ files came from {re.escape(url)}; publication 1, release 2026\.10\n"
        unknown = "whether this is its newest publication could not be told, only that it is signed"
        said = f"note: {url}: {unknown}: seen.json is new; keep it from job to job\n"
        assert (done.code, done.err) == (0, said)
        assert re.fullmatch(pattern, done.out)
        for more in ((), ("--out", "other")):
            assert site.run("repo", "fetch", url, *words, *more).err == ""
        done = site.run("repo", "fetch", url, *words[:2], "--out", "third")
        assert f"{unknown}: give --record FILE, and keep that file from job to job\n" in done.err
        assert site.run("repo", "fetch", url, *words[:2], "--out", "third").err == ""
    (site.folder / "seen.json").write_text('{"organisation":"acme","counter":7,"time":1}')
    refused = site.run("repo", "fetch", "site", *words[:2], "--out", "fourth", "--record", "seen.json")
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

"""Sites that are damaged, somebody else's or hostile: a clear error, and not one byte is written."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from builder.errors import OutputError, ReleaseError, SignatureError, SiteError, TrustpackError
from builder.repositories import check, listing, publish, status
from builder.repositories.sitefile import Kind, Listed
from builder.signing import site_verifier
from tests import site_keys
from tests.repositories import sites
from tests.repositories.sites import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.repositories.sites import Release, Releases

CHANGES = 1000
KEYS = site_keys.keyring()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Site:
    """Publish two releases of all targets, signed, one after the other; no test changes this site."""
    site = Site(tmp_path_factory.mktemp("published") / "site", "https://packages.acme.example", KEYS)
    site.add(releases.first)
    site.add(releases.second)
    return site


@pytest.fixture
def site(tmp_path: Path, published: Site) -> Site:
    """Return a copy of that site."""
    shutil.copytree(published.folder, tmp_path / "site", symlinks=True)
    return Site(tmp_path / "site", published.url, KEYS, published=published.published)


@pytest.fixture
def unsigned(tmp_path: Path, releases: Releases) -> Site:
    """Publish one release without keys: whoever can write to it can write all of it."""
    site = Site(tmp_path / "unsigned", "https://packages.acme.example", None)
    site.add(releases.first)
    return site


def tree(folder: Path) -> dict[str, str]:
    """Return what is in a folder: each file's digest, and what else is no folder by its kind."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"link to {path.readlink()}"
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif not path.is_dir():
            found[str(path)] = "special"
    return found


def refused(site: Site, change: Callable[[], object], kind: type[TrustpackError], said: str) -> None:
    """Expect a change to fail with an error that says something, and to write nothing."""
    before = tree(site.folder.parent)
    with pytest.raises(kind, match=said):
        change()
    assert before == tree(site.folder.parent)


def changes(site: Site, release: Release) -> Iterator[Callable[[], object]]:
    """Yield each kind of change to a site."""
    yield lambda: site.add(release)
    yield site.refresh
    yield lambda: publish.retire(site.order(), "2026.10", "its root was compromised")


@pytest.mark.parametrize(
    "gone",
    [
        "trustpack/state-*.jsonl",
        "trustpack/files-*.txt",
        "trustpack/kept/apt.packages-*",
        "deb/pool/main/a/acme-ca-certs/acme-ca-certs_2026.10_all.deb",
        "deb/dists/stable/InRelease",
        "npm/*/-/*.tgz",
    ],
)
def test_a_site_that_is_half_deleted_is_refused(site: Site, releases: Releases, gone: str) -> None:
    """Whichever part is missing; the way out is named."""
    for path in site.folder.glob(gone if "npm" not in gone else "npm/**/*.tgz"):
        path.unlink()
    for change in changes(site, releases.third):
        refused(site, change, SiteError, "missing|cannot be read")


def test_a_site_whose_folders_are_deleted_is_refused(site: Site, releases: Releases) -> None:
    """All but what is ours."""
    for name in ("deb", "rpm", "pypi"):
        shutil.rmtree(site.folder / name)
    for change in changes(site, releases.third):
        refused(site, change, SiteError, "of the site's files are missing")


@pytest.mark.parametrize(
    "file", ["trustpack/kept/apt.packages-*", "trustpack/kept/rpm.*", "trustpack/state-*.jsonl"]
)
def test_what_is_kept_and_does_not_match_is_refused(site: Site, releases: Releases, file: str) -> None:
    """One changed byte is enough."""
    for path in site.folder.glob(file):
        data = path.read_bytes()
        if data:
            path.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    for change in changes(site, releases.third):
        refused(site, change, SiteError, "is not|cannot be understood")


def test_an_index_that_does_not_match_its_files_is_found(site: Site) -> None:
    """Each file that was changed, and no other, is named."""
    changed = {"deb/dists/stable/main/binary-all/Packages", "pypi/simple/acme-certifi/index.html"}
    for path in changed:
        file = site.folder / path
        file.write_bytes(file.read_bytes().replace(b"2026", b"2027"))
    assert changed == {one.path for one in checked(site).problems}


def checked(site: Site) -> check.SiteCheck:
    """Check a signed site."""
    return check.check(site.folder, KEYS, site_verifier.of_keyring(KEYS), scratch=site.folder.parent)


def test_a_site_of_all_ecosystems_is_found_to_be_whole(site: Site) -> None:
    """Every index is derived once more, and every signature verified."""
    found = checked(site)
    assert () == found.problems
    assert () == found.others


@pytest.mark.long
def test_every_one_of_a_thousand_changed_bytes_is_found(site: Site) -> None:
    """Whatever ecosystem's file it is in."""
    chosen = random.Random(20261128)  # noqa: S311  the same changes in each run
    paths = sorted(path for path in site.folder.rglob("*") if path.is_file() and path.stat().st_size)
    missed = []
    for _ in range(CHANGES):
        file = chosen.choice(paths)
        data = file.read_bytes()
        at = chosen.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ chosen.randrange(1, 256)]) + data[at + 1 :])
        try:
            if not checked(site).problems:
                missed.append((file, at))
        except (SiteError, SignatureError):
            pass
        file.write_bytes(data)
    assert missed == []


def test_a_key_that_is_not_the_sites_is_refused(site: Site, releases: Releases) -> None:
    """And no keys at all, where it is signed."""
    for keys in (site_keys.keyring(3, published=(4,)), None):
        other = Site(site.folder, site.url, keys, published=site.published)
        for change in changes(other, releases.third):
            refused(site, change, SiteError if keys is None else SignatureError, "key")


def test_keys_are_refused_where_the_site_is_not_signed(unsigned: Site, releases: Releases) -> None:
    """Who builds unsigned must go on to say so."""
    signed = Site(unsigned.folder, unsigned.url, KEYS, published=1)
    for change in changes(signed, releases.second):
        refused(unsigned, change, SiteError, "is not signed")


def test_a_clock_that_runs_backwards_is_refused(site: Site, releases: Releases) -> None:
    """Its two times are named."""
    past = site.order().now - 10 * 86_400
    refused(site, lambda: site.add(releases.third, at=past), SiteError, "was signed at .* and the clock says")
    refused(site, lambda: site.refresh(at=past), SiteError, "was signed at .* and the clock says")


def test_the_date_rises_with_each_publication(site: Site) -> None:
    """Even if two come within a second: apt takes no older date, and no newer index of the same one."""

    def date() -> tuple[int, str]:
        text = (site.folder / "deb/dists/stable/InRelease").read_text()
        line = next(line for line in text.splitlines() if line.startswith("Date: "))
        return json.loads(KEYS.opened((site.folder / status.STATUS).read_text()))["time"], line

    seen, now = [date()], site.order().now
    for _ in range(3):
        site.refresh(at=now)
        seen.append(date())
    times = [time for time, _ in seen]
    assert sorted(set(times)) == times
    assert len({line for _, line in seen}) == len(seen)


def test_another_organisations_release_is_refused(site: Site, tmp_path: Path, releases: Releases) -> None:
    """Whatever its packages are called."""
    other = sites.build_release(tmp_path / "beta", "beta", "2026.13", releases.third.authorities)
    refused(site, lambda: site.add(other), SiteError, "is a release of beta, and the site is acme's")


def test_a_signed_package_that_is_not_what_was_built_is_refused(
    site: Site, tmp_path: Path, releases: Releases
) -> None:
    """What it is without its signature, its manifest cannot just claim."""
    folder = tmp_path / "dist"
    shutil.copytree(releases.third.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    entry = next(one for one in manifest["artifacts"] if one["target"] == "rpm")
    entry["unsigned"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    refused(site, lambda: publish.build(site.order(), [folder]), SiteError, "is not what was built")


def test_another_organisation_of_the_same_name_is_refused(
    site: Site, tmp_path: Path, releases: Releases
) -> None:
    """Its release has a number that the site has, and other CAs: what clients have is never replaced."""
    other = sites.build_release(tmp_path / "acme", "acme", "2026.11", releases.third.authorities)
    refused(site, lambda: site.add(other), SiteError, "has another .* 2026.11.*, with other content")


def test_a_folder_of_somebody_elses_is_refused(site: Site, releases: Releases) -> None:
    """Where a file is in the way that no publication has put there."""
    folder = site.folder.parent / "web"
    (folder / "deb/dists/stable").mkdir(parents=True)
    (folder / "deb/dists/stable/InRelease").write_text("Origin: somebody\n")
    other = Site(folder, site.url, KEYS)
    refused(other, lambda: other.add(releases.first), OutputError, "is not this site's")


def test_the_newest_release_is_not_withdrawn(site: Site) -> None:
    """Nor one that is not there."""
    refused(site, lambda: publish.retire(site.order(), "2026.11", "no"), ReleaseError, "is the newest")
    refused(site, lambda: publish.retire(site.order(), "1999.1", "no"), ReleaseError, "is not on the site")


# --- hostile: somebody who can write the whole of a site that nobody signs ----------------------------------


def forged(
    site: Site, *, state: Callable[[dict[str, Any]], None] | None = None, lines: str = "", listed: str = ""
) -> None:
    """Change an unsigned site's state, or its list, or add lines to that; make the status name both."""
    said = json.loads((site.folder / status.STATUS).read_text())
    for part, change in (("state", state), ("files", None)):
        path = site.folder / said[part]["path"]
        data = path.read_bytes()
        if change is not None:
            value, *releases = map(json.loads, data.splitlines())
            value["releases"] = releases
            change(value)
            lines_ = ({**value, "releases": []}, *value["releases"])
            data = b"".join(json.dumps(line).encode() + b"\n" for line in lines_)
        elif part == "files":
            data = (listed.encode() or data) + lines.encode()
        digest = hashlib.sha256(data).hexdigest()
        ending = "jsonl" if part == "state" else "txt"
        said[part] = {"path": f"trustpack/{part}-{digest}.{ending}", "sha256": digest, "size": len(data)}
        (site.folder / said[part]["path"]).write_bytes(data)
    (site.folder / status.STATUS).write_text(json.dumps(said))


def forged_entry(site: Site, key: str, value: object) -> None:
    """Change what an unsigned site keeps of its first package for apt, and what leads to it."""
    (was,) = site.folder.glob("trustpack/kept/apt.entries-*")
    first, rest = was.read_bytes().split(b"\n", 1)
    data = json.dumps(json.loads(first) | {key: value}).encode() + b"\n" + rest
    digest = hashlib.sha256(data).hexdigest()
    path = f"trustpack/kept/apt.entries-{digest}"
    (site.folder / path).write_bytes(data)
    said = json.loads((site.folder / status.STATUS).read_text())
    listed = dict(listing.parse((site.folder / said["files"]["path"]).read_bytes(), "list"))
    del listed[f"trustpack/kept/{was.name}"]
    listed[path] = Listed(path, Kind.HASHED, len(data), digest)
    text = {"path": path, "kind": 2, "size": len(data), "sha256": digest}
    forged(
        site,
        state=lambda state: state["shelves"]["apt"].update(entries=text),
        listed=listing.text(listed.values()),
    )


def state_with(**values: object) -> Callable[[dict[str, Any]], None]:
    """Return what sets some of a state's values."""
    return lambda state: state.update(values)


@pytest.mark.parametrize(
    "line",
    [
        "{digest} 3 blob ../outside\n",
        "{digest} 3 blob /etc/passwd\n",
        "{digest} 3 blob deb/../../outside\n",
        "{digest} 3 blob deb//pool\n",
        "{digest} 3 blob .htaccess\n",
        "{digest} 3 blob a b\n",
        "{digest} 3 pipe zz/x\n",
        "{digest} -3 blob zz/x\n",
        "{digest} 3 blob zz/x\n{digest} 3 blob zz/x\n",
        "{digest} 3 blob zz/x",
        "{digest} 99999999999999999999 blob zz/x\n",
        "\n",
        "\0\n",
        "é\n",
    ],
)
def test_a_hostile_list_is_refused(unsigned: Site, releases: Releases, line: str) -> None:
    """A path that leads out of the site, a duplicate, or what is no line at all."""
    forged(unsigned, lines=line.format(digest="0" * 64))
    for change in changes(unsigned, releases.second):
        refused(unsigned, change, SiteError, "no line of a site's list|no list of a site's|is cut off")


@pytest.mark.parametrize(
    "values",
    [
        {"shelves": {"apt": {"entries": [{"release": 1}]}}},
        {"shelves": {"apt": {"packages": "../../etc/passwd"}}},
        {"shelves": {"apt": {}}},
        {"counter": -1},
        {"counter": "2"},
        {"time": 10**30},
        {"time": 1},
        {"url": "https://elsewhere.example"},
        {"schema": 2},
        {"organisation": {"slug": "beta"}},
        {"organisation": None},
        {"releases": [{"release": "2026.10"}]},
        {"releases": [{"release": "abc", "epoch": 1, "added": 1, "certificates": []}]},
        {"releases": [{"release": "2026.10", "epoch": 1, "added": 1, "certificates": ["0"]}]},
        {"releases": [{"release": "2026.10", "epoch": 1, "added": 1, "certificates": [], "bundle": "../x"}]},
    ],
)
def test_a_hostile_state_is_refused(unsigned: Site, releases: Releases, values: Mapping[str, object]) -> None:
    """Whatever is not what a state holds."""
    forged(unsigned, state=state_with(**values))
    for change in changes(unsigned, releases.second):
        refused(
            unsigned,
            change,
            SiteError,
            "cannot be understood|has schema|is not the state|without their entries|nothing of the CA",
        )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lengths", [-5]),
        ("lengths", []),
        ("lengths", [1, 2]),
        ("lengths", [10**18]),
        ("size", -1),
        ("added", 10**15),
        ("path", 7),
        ("path", "../outside"),
        ("others", ["../outside"]),
        ("name", "acme-ca; reboot"),
        ("version", "1 2"),
        ("release", "abc"),
        ("release", "9" * 5000),
        ("release", "²"),
    ],
)
def test_a_hostile_package_is_refused(unsigned: Site, releases: Releases, key: str, value: object) -> None:
    """A length that goes back, a time beyond the calendar."""
    forged_entry(unsigned, key, value)
    said = "cannot be understood|is no package of a site's|other packages than the lines"
    for change in (lambda: unsigned.add(releases.second), unsigned.refresh):
        refused(unsigned, change, SiteError, said)


@pytest.mark.parametrize("part", ["state", "files"])
@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "trustpack/other.json", "trustpack/../status"])
def test_a_status_that_names_what_is_no_file_of_a_site_is_refused(
    unsigned: Site, releases: Releases, part: str, path: str
) -> None:
    """It is read by nobody, and nothing is removed there."""
    (unsigned.folder.parent / "outside").write_text("theirs")
    said = json.loads((unsigned.folder / status.STATUS).read_text())
    said[part]["path"] = path
    (unsigned.folder / status.STATUS).write_text(json.dumps(said))
    for change in changes(unsigned, releases.second):
        refused(unsigned, change, SiteError, "is no file of a site's")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[" * 60_000, b"{}" * 1000, b"\xff\xfe", b"x" * 10**6, b'{"counter": ' + b"1" * 5000 + b"}"],
    ids=["empty", "cut", "nested", "many", "binary", "huge", "long number"],
)
def test_a_status_that_is_none_is_refused(unsigned: Site, releases: Releases, data: bytes) -> None:
    """Huge, nested, or no text."""
    (unsigned.folder / status.STATUS).write_bytes(data)
    for change in changes(unsigned, releases.second):
        refused(unsigned, change, SiteError, "cannot be understood|cannot be read")


def test_a_deeply_nested_state_is_refused(unsigned: Site, releases: Releases) -> None:
    """It exhausts no stack."""
    said = json.loads((unsigned.folder / status.STATUS).read_text())
    data = b'{"remembered": {"x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}}"
    digest = hashlib.sha256(data).hexdigest()
    said["state"] = {"path": f"trustpack/state-{digest}.jsonl", "sha256": digest, "size": len(data)}
    (unsigned.folder / said["state"]["path"]).write_bytes(data)
    (unsigned.folder / status.STATUS).write_text(json.dumps(said))
    for change in changes(unsigned, releases.second):
        refused(unsigned, change, SiteError, "cannot be understood")


@pytest.mark.parametrize("path", [status.STATUS, "list", "state"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(
    unsigned: Site, releases: Releases, path: str
) -> None:
    """Nor a folder read."""
    said = json.loads((unsigned.folder / status.STATUS).read_text())
    named = {"list": said["files"]["path"], "state": said["state"]["path"]}
    file = unsigned.folder / named.get(path, path)
    file.unlink()
    os.mkfifo(file)
    for change in changes(unsigned, releases.second):
        refused(unsigned, change, SiteError, "cannot be read")


def test_a_folder_that_is_a_link_out_of_the_site_is_not_written_into(
    site: Site, releases: Releases, tmp_path: Path
) -> None:
    """What lies there is somebody else's."""
    (tmp_path / "theirs").mkdir()
    (site.folder / "deb").rename(tmp_path / "theirs" / "deb")
    (site.folder / "deb").symlink_to(tmp_path / "theirs" / "deb")
    before = tree(tmp_path / "theirs")
    for change in changes(site, releases.third):
        with pytest.raises((OutputError, SiteError), match=r"link|missing"):
            change()
    assert before == tree(tmp_path / "theirs")


def test_the_list_that_is_forged_is_what_the_tests_take_it_for(unsigned: Site) -> None:
    """A harmless line is read: the refusals above are not about the forging."""
    forged(unsigned, lines=f"{'0' * 64} 3 blob zz/x\n")
    said = status.parse((unsigned.folder / status.STATUS).read_text(), "status", None)
    data = (unsigned.folder / said.files.path).read_bytes()
    assert "zz/x" in listing.parse(data, "list")

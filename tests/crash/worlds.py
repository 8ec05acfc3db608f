"""The worlds that commands run in: projects, releases, keys and sites, each made once and then copied."""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import functools
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder import cli
from builder.batch.build import BatchOrder, build
from builder.batch.organisations import opened
from builder.batch.outputs import OutputsFolder
from builder.batch.repo import SitesOrder, repo
from builder.errors import OutputError
from builder.prove import authority
from builder.signing import rotation
from tests import host_documents, site_keys
from tests.batch.here import Here
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = "2026-11-24T12:00:00Z"
_CONFIG = """\
organisation: {{slug: acme}}
bundle: {{paths: [roots.pem]}}
targets: [{targets}]
site: https://packages.acme.example
"""
_APPROVALS = "approvals: {needed: 1, distrust: 1, approvers: {alice: alice.pub}}\n"


@dataclass(frozen=True)
class Command:
    """A command of trustpack's, which a call runs in this process."""

    words: tuple[str, ...]

    def __call__(self) -> int:
        """Return how it ends, as a shell has it."""
        # Those of the command before would be made ready once more.
        cli.app.registered_commands.clear()
        cli.app.registered_groups.clear()
        sys.argv = ["trustpack", *self.words]
        try:
            cli.main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0


def trustpack(*words: str) -> Command:
    """Return what runs trustpack."""
    return Command(words)


def _once(prepare: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return what makes a world once, and copies it from then on."""

    @functools.cache
    def made() -> Path:
        folder = Path(tempfile.mkdtemp())
        prepare(folder)
        return folder

    @functools.wraps(prepare)
    def copied(folder: Path) -> None:
        shutil.copytree(made(), folder, symlinks=True, dirs_exist_ok=True)

    return copied


def roots(folder: Path, *labels: str) -> None:
    """Make a bundle of these CAs, or of one."""
    made = (
        authority.create(label, now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC)).pem
        for label in labels or ("Acme Root",)
    )
    (folder / "roots.pem").write_bytes(b"".join(made))


def _config(folder: Path, targets: str = "pem, deb", more: str = "") -> None:
    (folder / "trustpack.yaml").write_text(_CONFIG.format(targets=targets) + more, "utf-8")


def _do(folder: Path, *words: str) -> None:
    with contextlib.chdir(folder), contextlib.redirect_stdout(sys.stderr):
        assert trustpack(*words)() == 0


def _build(folder: Path, release: str = "2026.1") -> None:
    _do(folder, "build", "--release", release, "--now", NOW)


@_once
def project(folder: Path) -> None:
    """Make a configuration and a bundle."""
    roots(folder)
    _config(folder)


def hosts(folder: Path) -> None:
    """Make the reports of two hosts that have all that they should."""
    found = [host_documents.document(name, time=NOW) for name in ("web-1", "web-2")]
    (folder / "hosts.jsonl").write_text(host_documents.text(*found))


def no_organisations(folder: Path) -> None:
    """Make a folder for organisations."""
    (folder / "orgs").mkdir()


@_once
def organisations(folder: Path) -> None:
    """Make two organisations, each with its folder."""
    for slug in ("acme", "other"):
        (folder / "orgs" / slug).mkdir(parents=True)
        roots(folder / "orgs" / slug)
        text = _CONFIG.format(targets="pem, deb").replace("acme}", f"{slug}}}")
        (folder / "orgs" / slug / "trustpack.yaml").write_text(text, "utf-8")


@_once
def batched(folder: Path) -> None:
    """Build them."""
    organisations(folder)
    with contextlib.chdir(folder):
        batch()


def batch() -> None:
    """Build the organisations as `batch build` does, by a worker that is this process."""
    order = BatchOrder(now=dt.datetime.fromisoformat(NOW))
    with opened(Path("orgs")) as place:
        report = build(place, OutputsFolder(Path("out")), order, lambda: contextlib.nullcontext(Here()))
    if report.failed:
        raise OutputError(report.as_text())


@_once
def released(folder: Path) -> None:
    """Make a release."""
    project(folder)
    _build(folder)


@_once
def built(folder: Path) -> None:
    """Make a release, and then another bundle for the next one."""
    released(folder)
    roots(folder, "Acme Root", "Acme Root 2")


def releases(folder: Path) -> None:
    """Make a release, and keys to sign a site with."""
    released(folder)
    site_keys.folder(folder / "keys")


def many_releases(folder: Path) -> None:
    """Make an organisation's release among others, and keys of its own."""
    released(folder)
    (folder / "orgs" / "acme").mkdir(parents=True)
    for name in ("roots.pem", "trustpack.yaml"):
        (folder / name).rename(folder / "orgs" / "acme" / name)
    (folder / "dist").rename(folder / "release")
    (folder / "dist").mkdir()
    (folder / "release").rename(folder / "dist" / "acme")
    (folder / "keys").mkdir()
    site_keys.folder(folder / "keys" / "acme")


def batch_repo() -> None:
    """Make the sites as `batch repo` does, in this process."""
    now = int(dt.datetime.fromisoformat(NOW).timestamp())
    with opened(Path("orgs")) as place:
        report = repo(place, SitesOrder(Path("dist"), Path("sites"), Path("keys"), now), jobs=1)
    if report.faults:
        raise OutputError(report.as_text())


def signable(folder: Path) -> None:
    """Make a release of what is signed inside and beside, and keys."""
    roots(folder)
    _config(folder, "rpm, apk, arch, deb")
    _build(folder)
    site_keys.folder(folder / "keys")


@_once
def site(folder: Path) -> None:
    """Make a signed site of one release, and a second release."""
    built(folder)
    site_keys.folder(folder / "keys")
    _do(folder, "repo", "build", "--now", NOW)
    _build(folder, "2026.2")


@_once
def two(folder: Path) -> None:
    """Make a site of two releases."""
    site(folder)
    _do(folder, "repo", "add", "--now", NOW)


def pushed(folder: Path) -> None:
    """Make a site that was pushed, and a publication that was not."""
    site(folder)
    _do(folder, "repo", "push", "www")
    _do(folder, "repo", "add", "--now", NOW)


@_once
def fetched(folder: Path) -> None:
    """Make a site that was fetched and remembered, and a publication that was not."""
    site(folder)
    _do(folder, "repo", "fetch", "site", "--out", "copy", "--record", "seen.json")
    _do(folder, "repo", "add", "--now", NOW)


def locked(folder: Path) -> None:
    """Make a lock that waits to be signed."""
    roots(folder)
    subprocess.run(
        [require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f", folder / "alice"],
        check=True,
    )
    _config(folder, more=_APPROVALS)
    _do(folder, "lock", "--release", "2026.1", "--now", NOW)


def publishable(folder: Path) -> None:
    """Make a release with a wheel, a package index that the world holds, and a program that uploads to it.

    The index is what Python's own web server lists; it ends with this program.
    """
    roots(folder)
    here = folder.parent / "world"
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", here, "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    atexit.register(server.kill)
    assert server.stdout is not None
    port = server.stdout.readline().split("port ")[1].split()[0]
    url = f"http://127.0.0.1:{port}/index/"
    _config(folder, "wheel", f"publish: {{pypi: {{url: '{url}', index: '{url}'}}}}\n")
    _build(folder)
    (folder / "index/acme-certifi").mkdir(parents=True)
    (folder / "bin").mkdir()
    uv = folder / "bin/uv"
    uv.write_text(f'#!/bin/sh\nfor file; do :; done\nexec cp "$file" {here}/index/acme-certifi/\n', "ascii")
    uv.chmod(0o755)


def pairs(_folder: Path) -> None:
    """Make keys that are in no folder yet, or each run would make its own."""
    for number in (1, 2):
        site_keys.pair(number)


def with_keys(folder: Path) -> None:
    """Make a folder of keys, and the keys of a further generation."""
    site_keys.folder(folder / "keys")
    site_keys.pair(3)


def step() -> rotation.Rotation:
    """Return a rotation to known keys."""
    return rotation.Rotation(time=site_keys.CREATED + 9_000_000, pair=site_keys.pair(3))


def rotating(folder: Path) -> None:
    """Make a folder of keys that are being replaced."""
    with_keys(folder)
    rotation.begin(folder / "keys", step())


def older_keys(folder: Path) -> None:
    """Make a folder of keys that has none for statements."""
    with_keys(folder)
    keys = folder / "keys"
    file = json.loads((keys / "keys.json").read_text())
    for one in file["generations"]:
        del one["statement_sha256"]
    (keys / "keys.json").write_text(json.dumps(file))
    for path in (*keys.glob("*.statement.pub"), *keys.glob("*-statement.pem")):
        path.unlink()

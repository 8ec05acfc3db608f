"""The commands that write, one row each: the world before, the command, and how what it writes is read."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from cryptography.hazmat.primitives import serialization

from builder.batch.record import RECORD
from builder.ci.jobs import SYSTEMS
from builder.cli import messages
from builder.errors import TrustpackError
from builder.lifecycle import lockfile
from builder.prove import report
from builder.release import manifest as manifests
from builder.render import recipe
from builder.repositories import check, push, records, remote, status
from builder.repositories.stores import FolderStore
from builder.signing import key_folder, private_file, rotation, site_verifier
from builder.signing import site_keys as signing
from tests import site_keys
from tests.crash import worlds
from tests.crash.worlds import NOW, trustpack
from tests.repositories import readers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.repositories.readers import View


class Case(NamedTuple):
    """A command: the world that `prepare` makes, how it `run`s there, and what `readers` find there.

    `done` is what the next run says, where the one before came to its end and was killed only then. `between`
    is what readers may say where several files cannot be replaced at once: they refuse, and take no half.
    `whole` tells whether a site is in order that was published once more, and so has other bytes.
    """

    prepare: Callable[[Path], None]
    run: Callable[[], int]
    readers: Mapping[str, Callable[[Path], Any]]
    done: str = ""
    between: str = ""
    whole: Callable[[Path], bool] = lambda _: False


def _release(folder: Path, out: str = "dist") -> object:
    """Read a release as its manifest has it: it, and each file."""
    found = manifests.read_manifest(folder / out)
    if found is None:
        return None
    for one in found.artifacts:
        data = (folder / out / one.file).read_bytes()
        assert (one.size, one.sha256) == (len(data), hashlib.sha256(data).hexdigest()), one.file
    return found


def _sums(folder: Path) -> object:
    """Read a release as `sha256sum -c` does."""
    path = folder / "dist" / manifests.SUMS
    if not path.exists():
        return None
    for line in path.read_text("ascii").splitlines():
        digest, name = line.split("  ")
        assert digest == hashlib.sha256((folder / "dist" / name).read_bytes()).hexdigest(), name
    return path.read_text("ascii")


def _bytes(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        path = folder / name
        return path.read_bytes() if path.exists() else None

    return read


def _organisation(slug: str, folder: Path) -> object:
    return _release(folder, f"out/{slug}")


def _all_there(folder: Path) -> bool:
    totals = json.loads((folder / "out" / "batch.json").read_bytes())["totals"]
    names = {path.name for path in (folder / "out").iterdir()}
    hidden = [path.name for path in (folder / "out").rglob(".*") if path.name != RECORD]
    return totals["failed"] + totals["left"] == 0 and names == {"acme", "other", "batch.json"} and not hidden


_RELEASE = {"manifest": _release, "sums": _sums}


def _views(name: str) -> Mapping[str, Callable[[Path], Any]]:
    """Return the readers of a site in a folder."""

    def through(view: Callable[..., View]) -> Callable[[Path], Any]:
        def found(folder: Path) -> object:
            try:
                return view(lambda path: (folder / name / path).read_bytes())
            except FileNotFoundError:
                return None if not (folder / name / status.STATUS).exists() else "incomplete"

        return found

    return {
        "apt": through(lambda read: readers.apt(read, "InRelease")),
        "files": through(readers.files),
        "status": lambda folder: _status(folder / name),
    }


def _status(folder: Path) -> object:
    if not (folder / status.STATUS).exists():
        return None
    found = remote.read(FolderStore(folder), signing.read_public(Path("keys")))
    assert found is not None
    return found.status.counter


def _whole(name: str, keys_in: str = "keys") -> Callable[[Path], bool]:
    """Return what tells whether a site has no fault, and no file that is not its own."""

    def found(folder: Path) -> bool:
        keys = signing.read_public(folder / keys_in)
        with tempfile.TemporaryDirectory() as scratch:
            verifier = site_verifier.of_keyring(keys)
            done = check.check(folder / name, keys, verifier, scratch=Path(scratch))
        return not (done.problems or done.unfinished or set(done.others) - {push.LEFT})

    return found


def _keys(folder: Path) -> object:
    """Read a folder of keys: its index, each public key, and each private one."""
    path = folder / "keys"
    if not path.exists():
        return None
    found = key_folder.read(path)
    for one in found.file.generations:
        found.certificate(one)
    for private in path.glob("*.pem"):
        assert stat.S_IMODE(private.stat().st_mode) == private_file.MODE
        serialization.load_pem_private_key(private_file.read(private), None)
    return [(one.number, one.state, one.statement_sha256) for one in found.file.generations]


def _by_hand(do: Callable[[], object]) -> Callable[[], int]:
    """Return what calls a function, and tells its errors as the command line does."""

    def run() -> int:
        try:
            do()
        except TrustpackError as error:
            messages.tell_error(error)
            return error.exit_code
        return 0

    return run


def _new_keys() -> None:
    site_keys.folder(Path("keys"))


def _rotate() -> None:
    rotation.begin(Path("keys"), worlds.step())


def _finish() -> None:
    rotation.finish(Path("keys"), time=site_keys.CREATED + 10_000_000)


def _complete() -> None:
    rotation.complete(Path("keys"), worlds.step())


def _publish() -> int:
    programs = f"{Path('bin').absolute()}:/usr/bin:/bin"
    with mock.patch.dict(os.environ, {"PATH": programs, "UV_PUBLISH_TOKEN": "none"}):
        return trustpack("publish", "--to", "pypi")()


def _prove() -> None:
    manifest = manifests.read_manifest(Path("dist"))
    report.write(Path("dist"), dict(zip(manifests.PROOFS, ("{}", "proof"), strict=True)), proven=manifest)


def _record(folder: Path) -> object:
    return records.read(folder / "seen.json")


def _lock(folder: Path) -> object:
    return lockfile.read(folder / "trustpack.lock")


def _index(folder: Path) -> object:
    """Say which files a package index has."""
    return {path.name: path.read_bytes() for path in (folder / "index").rglob("*.whl")}


def _exported(folder: Path) -> object:
    """Say whether the recipe is there: with it the target is the organisation's own, and must be whole."""
    if not (folder / "recipes/npm.yaml").exists():
        return None
    source = recipe.select(recipe.sources(folder), ["npm"])[0]
    return [(source.templates / name).read_bytes() for name in recipe.templates(source)]


_HOSTS = ("doctor", "report", "hosts.jsonl", "--now", NOW)
_JOBS = tuple(SYSTEMS["github"])
_SOON = ("--now", "2026-11-24T13:00:00Z")
CASES = {
    "lock": Case(
        worlds.project,
        trustpack("lock", "--release", "2026.1", "--now", NOW),
        {"lock": _lock},
    ),
    "lock --sign": Case(worlds.locked, trustpack("lock", "--sign", "alice", "--now", NOW), {"lock": _lock}),
    "build": Case(worlds.project, trustpack("build", "--release", "2026.2", "--now", NOW), _RELEASE),
    "build over another": Case(
        worlds.built, trustpack("build", "--release", "2026.2", "--now", NOW), _RELEASE
    ),
    "batch build": Case(
        worlds.organisations,
        _by_hand(worlds.batch),
        {slug: partial(_organisation, slug) for slug in ("acme", "other")},
        whole=_all_there,  # the next report says that what was built is skipped
    ),
    "batch build, of what is there": Case(
        worlds.batched,
        trustpack("batch", "build", "orgs", "--out", "out", "--openmetrics", "batch.prom", "--now", NOW),
        {"report": _bytes("out/batch.json"), "metrics": _bytes("batch.prom")},
    ),
    "batch check": Case(
        worlds.no_organisations,
        trustpack("batch", "check", "orgs", "--openmetrics", "batch.prom", "--now", NOW),
        {"metrics": _bytes("batch.prom")},
    ),
    "attest": Case(worlds.released, trustpack("attest"), _RELEASE),
    "sign": Case(worlds.signable, trustpack("sign", "dist"), _RELEASE, between=r"is not what|\.(rpm|apk)"),
    "prove": Case(
        worlds.released,
        _by_hand(_prove),
        {"json": _bytes("dist/proof.json"), "text": _bytes("dist/proof.md")},
    ),
    "doctor report": Case(
        worlds.hosts,
        trustpack(*_HOSTS, "--html", "hosts.html", "--csv", "hosts.csv", "--openmetrics", "hosts.prom"),
        {name: _bytes(f"hosts.{name}") for name in ("html", "csv", "prom")},
    ),
    "check": Case(
        worlds.project,
        trustpack("check", "--prometheus", "ca.prom", "--ics", "ca.ics", "--now", NOW),
        {"prometheus": _bytes("ca.prom"), "ics": _bytes("ca.ics")},
    ),
    "init": Case(
        worlds.roots,
        trustpack("init", "roots.pem", "--org", "acme"),
        {"configuration": _bytes("trustpack.yaml")},
        done="is there already",
    ),
    "init --ci": Case(
        worlds.roots,
        trustpack("init", "roots.pem", "--org", "acme", "--ci", "github"),
        {name: _bytes(name) for name in ("trustpack.yaml", *_JOBS)},
        done="is there already",
    ),
    "init --ci, beside": Case(
        worlds.project,
        trustpack("init", "--ci", "github"),
        {name: _bytes(name) for name in _JOBS},
        done="is there already",
    ),
    "check --site": Case(
        worlds.fetched,
        trustpack("check", "--site", "site", "--record", "seen.json", "--within", "1d", *_SOON),
        {"record": _record},
    ),
    "verify": Case(
        worlds.fetched,
        trustpack("verify", "site", "--keys", "keys", "--record", "seen.json", *_SOON),
        {"record": _record},
    ),
    "publish": Case(worlds.publishable, _publish, {"index": _index}),
    "recipes export": Case(
        worlds.project,
        trustpack("recipes", "export", "npm"),
        {"recipe": _exported},
        done="is there already",
    ),
    "keys new": Case(worlds.pairs, _by_hand(_new_keys), {"keys": _keys}, done="is there already"),
    "keys rotate": Case(worlds.with_keys, _by_hand(_rotate), {"keys": _keys}, done="a rotation is under way"),
    "keys rotate --finish": Case(
        worlds.rotating, _by_hand(_finish), {"keys": _keys}, done="no rotation is under way"
    ),
    "keys complete": Case(worlds.older_keys, _by_hand(_complete), {"keys": _keys}),
    "repo build": Case(
        worlds.releases, trustpack("repo", "build", "--now", NOW), _views("site"), whole=_whole("site")
    ),
    "batch repo": Case(
        worlds.many_releases,
        _by_hand(worlds.batch_repo),
        _views("sites/acme"),
        whole=_whole("sites/acme", "keys/acme"),
    ),
    "repo add": Case(worlds.site, trustpack("repo", "add", *_SOON), _views("site"), whole=_whole("site")),
    "repo retire": Case(
        worlds.two,
        trustpack("repo", "retire", "2026.1", "--reason", "it was lost", *_SOON),
        _views("site"),
        whole=_whole("site"),
        done="is withdrawn already",
    ),
    "repo refresh": Case(
        worlds.site, trustpack("repo", "refresh", *_SOON), _views("site"), whole=_whole("site")
    ),
    "repo rehost": Case(
        worlds.site,
        trustpack("repo", "rehost", "--url", "https://other.acme.example", *_SOON),
        _views("site"),
        whole=_whole("site"),
    ),
    "repo push": Case(worlds.pushed, trustpack("repo", "push", "www"), _views("www"), whole=_whole("www")),
    "repo fetch": Case(
        worlds.fetched,
        trustpack("repo", "fetch", "site", "--out", "copy", "--record", "seen.json"),
        {**_views("copy"), "record": _record},
        whole=_whole("copy"),
    ),
    "repo export": Case(
        worlds.site, trustpack("repo", "export", "site.tar"), {"archive": _bytes("site.tar")}
    ),
}

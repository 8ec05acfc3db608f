"""The commands that write, one row each: the world before, the command, and how what it writes is read."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives import serialization

from builder import cli
from builder.cli import messages
from builder.errors import TrustpackError
from builder.lifecycle import lockfile
from builder.prove import authority, report
from builder.release import manifest as manifests
from builder.render import recipe
from builder.repositories import check, push, records, remote, status
from builder.repositories.stores import FolderStore
from builder.signing import key_folder, private_file, rotation, site_verifier
from builder.signing import site_keys as signing
from tests import site_keys
from tests.repositories import readers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.repositories.readers import View

NOW = "2026-11-24T12:00:00Z"
_CONFIG = """\
organisation: {{slug: acme}}
bundle: {{paths: [roots.pem]}}
targets: [{targets}]
site: https://packages.acme.example
"""


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


@dataclass(frozen=True)
class Command:
    """A command of trustpack's, which a call runs in this process."""

    words: tuple[str, ...]

    def __call__(self) -> int:
        """Return how it ends, as a shell has it."""
        sys.argv = ["trustpack", *self.words]
        try:
            cli.main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0


def trustpack(*words: str) -> Command:
    """Return what runs trustpack."""
    return Command(words)


def _roots(folder: Path, *labels: str) -> None:
    made = (authority.create(label, now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC)).pem for label in labels)
    (folder / "roots.pem").write_bytes(b"".join(made))


def _config(folder: Path, targets: str = "pem, deb") -> None:
    (folder / "trustpack.yaml").write_text(_CONFIG.format(targets=targets), "utf-8")


def _project(folder: Path) -> None:
    _roots(folder, "Acme Root")
    _config(folder)


def _built(folder: Path) -> None:
    """Make a release, and then another bundle for the next one."""
    _project(folder)
    _do(folder, "build", "--release", "2026.1", "--now", NOW)
    _roots(folder, "Acme Root", "Acme Root 2")


def _releases(folder: Path) -> None:
    _attested(folder)
    site_keys.folder(folder / "keys")


def _pairs() -> None:
    """Make keys, or each run would make its own."""
    for number in (1, 2):
        site_keys.pair(number)


def _do(folder: Path, *words: str) -> None:
    with contextlib.chdir(folder):
        assert trustpack(*words)() == 0


def _release(folder: Path) -> object:
    """Read a release as its manifest has it: it, and each file."""
    found = manifests.read_manifest(folder / "dist")
    if found is None:
        return None
    for one in found.artifacts:
        data = (folder / "dist" / one.file).read_bytes()
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


_RELEASE = {"manifest": _release, "sums": _sums}


def _signable(folder: Path) -> None:
    """Make a release of what is signed inside and beside, and keys."""
    _roots(folder, "Acme Root")
    _config(folder, "rpm, apk, arch, deb")
    _do(folder, "build", "--release", "2026.1", "--now", NOW)
    site_keys.folder(folder / "keys")


def _attested(folder: Path) -> None:
    _project(folder)
    _do(folder, "build", "--release", "2026.1", "--now", NOW)


def _site(folder: Path) -> None:
    """Make a signed site of one release, and a second release."""
    _built(folder)
    site_keys.folder(folder / "keys")
    _do(folder, "repo", "build", "--now", NOW)
    _do(folder, "build", "--release", "2026.2", "--now", NOW)


def _two(folder: Path) -> None:
    _site(folder)
    _do(folder, "repo", "add", "--now", NOW)


def _pushed(folder: Path) -> None:
    """Make a site that was pushed, and a publication that was not."""
    _site(folder)
    _do(folder, "repo", "push", "www")
    _do(folder, "repo", "add", "--now", NOW)


def _fetched(folder: Path) -> None:
    _site(folder)
    _do(folder, "repo", "fetch", "site", "--out", "copy", "--record", "seen.json")
    _do(folder, "repo", "add", "--now", NOW)


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


def _whole(name: str) -> Callable[[Path], bool]:
    """Return what tells whether a site has no fault, and no file that is not its own."""

    def found(folder: Path) -> bool:
        keys = signing.read_public(folder / "keys")
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
    return [(one.number, one.state) for one in found.file.generations]


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


def _rotation() -> rotation.Rotation:
    return rotation.Rotation(time=site_keys.CREATED + 9_000_000, pair=site_keys.pair(3))


def _rotate() -> None:
    rotation.begin(Path("keys"), _rotation())


def _finish() -> None:
    rotation.finish(Path("keys"), time=site_keys.CREATED + 10_000_000)


def _with_keys(folder: Path) -> None:
    site_keys.folder(folder / "keys")
    site_keys.pair(3)


def _rotating(folder: Path) -> None:
    _with_keys(folder)
    rotation.begin(folder / "keys", _rotation())


def _prove() -> None:
    manifest = manifests.read_manifest(Path("dist"))
    report.write(Path("dist"), dict(zip(manifests.PROOFS, ("{}", "proof"), strict=True)), proven=manifest)


def _exported(folder: Path) -> object:
    """Say whether the recipe is there: with it the target is the organisation's own, and must be whole."""
    if not (folder / "recipes/npm.yaml").exists():
        return None
    source = recipe.select(recipe.sources(folder), ["npm"])[0]
    return [(source.templates / name).read_bytes() for name in recipe.templates(source)]


_SOON = ("--now", "2026-11-24T13:00:00Z")
CASES = {
    "lock": Case(
        _project,
        trustpack("lock", "--release", "2026.1", "--now", NOW),
        {"lock": lambda folder: lockfile.read(folder / "trustpack.lock")},
    ),
    "build": Case(_project, trustpack("build", "--release", "2026.2", "--now", NOW), _RELEASE),
    "build over another": Case(_built, trustpack("build", "--release", "2026.2", "--now", NOW), _RELEASE),
    "attest": Case(_attested, trustpack("attest"), _RELEASE),
    "sign": Case(_signable, trustpack("sign", "dist"), _RELEASE, between=r"is not what|\.(rpm|apk)"),
    "prove": Case(
        _attested, _by_hand(_prove), {"json": _bytes("dist/proof.json"), "text": _bytes("dist/proof.md")}
    ),
    "check": Case(
        _project,
        trustpack("check", "--prometheus", "ca.prom", "--ics", "ca.ics", "--now", NOW),
        {"prometheus": _bytes("ca.prom"), "ics": _bytes("ca.ics")},
    ),
    "init": Case(
        lambda folder: _roots(folder, "Acme Root"),
        trustpack("init", "roots.pem", "--org", "acme"),
        {"configuration": _bytes("trustpack.yaml")},
        done="is there already",
    ),
    "recipes export": Case(
        _project,
        trustpack("recipes", "export", "npm"),
        {"recipe": _exported},
        done="is there already",
    ),
    "keys new": Case(lambda _: _pairs(), _by_hand(_new_keys), {"keys": _keys}, done="is there already"),
    "keys rotate": Case(_with_keys, _by_hand(_rotate), {"keys": _keys}, done="a rotation is under way"),
    "keys rotate --finish": Case(
        _rotating, _by_hand(_finish), {"keys": _keys}, done="no rotation is under way"
    ),
    "repo build": Case(
        _releases, trustpack("repo", "build", "--now", NOW), _views("site"), whole=_whole("site")
    ),
    "repo add": Case(_site, trustpack("repo", "add", *_SOON), _views("site"), whole=_whole("site")),
    "repo retire": Case(
        _two,
        trustpack("repo", "retire", "2026.1", "--reason", "it was lost", *_SOON),
        _views("site"),
        whole=_whole("site"),
        done="is withdrawn already",
    ),
    "repo refresh": Case(_site, trustpack("repo", "refresh", *_SOON), _views("site"), whole=_whole("site")),
    "repo rehost": Case(
        _site,
        trustpack("repo", "rehost", "--url", "https://other.acme.example", *_SOON),
        _views("site"),
        whole=_whole("site"),
    ),
    "repo push": Case(_pushed, trustpack("repo", "push", "www"), _views("www"), whole=_whole("www")),
    "repo fetch": Case(
        _fetched,
        trustpack("repo", "fetch", "site", "--out", "copy", "--record", "seen.json"),
        {**_views("copy"), "record": lambda folder: records.read(folder / "seen.json")},
        whole=_whole("copy"),
    ),
    "repo export": Case(_site, trustpack("repo", "export", "site.tar"), {"archive": _bytes("site.tar")}),
}

"""The Alpine package under apko, the Go module chainguard.dev/apko: not apk-tools' code.

apko resolves, unpacks and records packages, and runs no scripts. Not covered: signatures. The index is made
here by apko, unsigned, and its check is switched off; our packages are signed in a later step, if at all.
"""

import datetime as dt
import fcntl
import gzip
import hashlib
import json
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builder import formats
from builder.model import File, Package
from builder.prove import authority
from builder.prove.authority import Authority
from tests import golang, nfpm
from tests.packages import readers, samples
from tests.roots import folder
from tests.trust.world import build
from tests.unit import bundles

_MODULE = Path(__file__).parent / "apko"
_NAME = "acme-ca-certs"
_EPOCH = 1_795_478_400
# What the table of differences knows by .PKGINFO's names; C is the control stream's digest, S the size.
_KNOWN = {
    "BuildDate": "info: builddate",
    "record t": "info: builddate",
    "record C": "info: datahash",
    "record S": "info: datahash",
}


@dataclass(frozen=True)
class Apko:
    """The compiled program, the packages it is given, and the CAs in ours."""

    program: Path
    ours: Path
    dependency: Path
    authorities: tuple[Authority, ...]

    def install(self, sandbox: Path, *packages: Path) -> subprocess.CompletedProcess[str]:
        """Install ours from a repository of `packages` into `sandbox`/root."""
        repository, root = sandbox / "repository", sandbox / "root"
        (repository / "x86_64").mkdir(parents=True)
        root.mkdir()
        for package in packages:
            shutil.copy(package, repository / "x86_64")
        command = [str(self.program), _NAME, str(repository), str(root)]
        environment = {"TMPDIR": str(sandbox)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _compile(program: Path) -> Path:
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "go-apko.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return golang.build(golang.compiler(_MODULE), _MODULE, ".", program)


def _dependency(sandbox: Path) -> Path:
    """Package what ours depends on: a ca-certificates that holds nothing but an empty folder."""
    owner = bundles.organisation("test", summary="Double of a distribution's ca-certificates")
    package = Package(
        target="double",
        container="apk",
        name="ca-certificates",
        version="1.0.0",
        filename="ca-certificates-1.0.0-r0.apk",
        epoch=_EPOCH,
        organisation=owner,
        files=(File("/etc/ssl/certs", b"", 0o755, "dir"),),
    )
    file = sandbox / package.filename
    file.write_bytes(formats.write(package))
    return file


@pytest.fixture(scope="session")
def apko(tmp_path_factory: pytest.TempPathFactory) -> Apko:
    sandbox = tmp_path_factory.mktemp("apko")
    now = dt.datetime.now(dt.UTC)
    cas = tuple(authority.create(f"Apko Test {name}", now=now) for name in ("one", "two"))
    ours = build(sandbox / "ours", "acme", cas, "1", target="apk")
    return Apko(_compile(sandbox / "apkcheck"), ours, _dependency(sandbox), cas)


@pytest.fixture
def installed(apko: Apko, tmp_path: Path) -> dict[str, Any]:
    done = apko.install(tmp_path, apko.ours, apko.dependency)
    assert done.returncode == 0, done.stderr
    # Behind date and time; there is no warning between them.
    said = [line.split(" ", 2)[2] for line in done.stderr.splitlines()]
    assert said == ["INFO installing ca-certificates (1.0.0-r0)", f"INFO installing {_NAME} (1-r0)"]
    return {package["Name"]: package for package in json.loads(done.stdout)}


def test_apko_reads_the_description_as_it_was_meant(installed: dict[str, Any]) -> None:
    """Every field of .PKGINFO that apko knows says what the organisation said, or its default."""
    known = {key: value for key, value in installed[_NAME].items() if isinstance(value, str)}
    assert known == {
        "Name": _NAME,
        "Version": "1-r0",
        "Arch": "noarch",
        "Description": "CA certificates of Acme",
        "License": "Apache-2.0",
        # None is written: a package of one source needs none.
        "Origin": "",
        "Maintainer": "Acme PKI <pki@acme.example>",
        "URL": "https://pki.acme.internal/",
    }
    assert installed[_NAME]["Dependencies"] == ["ca-certificates"]


def test_apko_unpacks_every_file_with_its_bytes_mode_and_owner(
    apko: Apko, installed: dict[str, Any], tmp_path: Path
) -> None:
    """What lies on disk, and what apko recorded, is what zlib and tarfile read from the package."""
    expected = {
        (entry.path.lstrip("/"), entry.mode, "0:0", entry.data)
        for entry in readers.apk(apko.ours).entries
        if entry.data is not None
    }
    found = {
        (file["Path"], file["Mode"], file["Owner"], (tmp_path / "root" / file["Path"]).read_bytes())
        for file in installed[_NAME]["Files"]
        if not file["Folder"]
    }
    assert expected == found
    folders = [file for file in installed[_NAME]["Files"] if file["Folder"]]
    assert {(0o755, "0:0")} == {(file["Mode"], file["Owner"]) for file in folders}
    certificates = sorted((tmp_path / "root/usr/local/share/ca-certificates").iterdir())
    assert {ca.pem for ca in apko.authorities} == {path.read_bytes() for path in certificates}


def test_apko_records_each_file_s_true_checksum(
    apko: Apko, installed: dict[str, Any], tmp_path: Path
) -> None:
    """The checksums in the package's tar headers, which `apk audit` relies on, are those of the bytes."""
    database = (tmp_path / "root/usr/lib/apk/db/installed").read_text("utf-8")
    (record,) = [block for block in database.split("\n\n") if f"P:{_NAME}\n" in block + "\n"]
    recorded, at = {}, ""
    for key, value in re.findall(r"^([FRZ]):(.*)$", record, re.MULTILINE):
        if key == "F":
            at = value
        elif key == "R":
            name = f"{at}/{value}"
        else:
            recorded[name] = value
    expected = {}
    for file in installed[_NAME]["Files"]:
        if not file["Folder"]:
            digest = hashlib.sha1((tmp_path / "root" / file["Path"]).read_bytes()).digest()  # noqa: S324
            expected[file["Path"]] = "Q1" + b64encode(digest).decode("ascii")
    assert expected == recorded
    control = hashlib.sha1(readers.apk_streams(apko.ours)[0][0]).digest()  # noqa: S324
    assert f"C:Q1{b64encode(control).decode('ascii')}" in record.splitlines()


def test_apko_installs_what_it_depends_on_or_nothing(apko: Apko, tmp_path: Path) -> None:
    """Without ca-certificates in the repository there is no installation."""
    done = apko.install(tmp_path, apko.ours)
    assert done.returncode == 1
    assert "ca-certificates" in done.stderr
    assert not (tmp_path / "root/usr/local/share/ca-certificates").exists()


def _changed(apk: Path) -> bytes:
    """Return the package with other certificates than its headers' checksums are of."""
    (control, _), (_, data) = readers.apk_streams(apk)
    return control + gzip.compress(data.replace(b"-----BEGIN", b"-----begin"), mtime=0)


def _recompressed(apk: Path) -> bytes:
    """Return the package with the same files in another stream than its datahash is of."""
    (control, _), (_, data) = readers.apk_streams(apk)
    return control + gzip.compress(data, 0, mtime=0)


def _truncated(apk: Path) -> bytes:
    return apk.read_bytes()[:-20]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        pytest.param(_changed, "checksum mismatch: usr/local/share/ca-certificates/acme-", id="changed"),
        pytest.param(_recompressed, "datahash is ", id="recompressed"),
        pytest.param(_truncated, "unexpected EOF", id="truncated"),
    ],
)
def test_a_package_that_was_changed_after_its_making_is_refused(
    apko: Apko, tmp_path: Path, damage: Callable[[Path], bytes], complaint: str
) -> None:
    """The checksums and the datahash in the package are of what was built, and of nothing else."""
    changed = tmp_path / apko.ours.name
    changed.write_bytes(damage(apko.ours))
    done = apko.install(tmp_path, changed, apko.dependency)
    assert done.returncode == 1
    assert complaint in done.stderr


def test_apko_makes_the_same_of_nfpms_package_and_goes_on_to_ours(apko: Apko, tmp_path: Path) -> None:
    """It unpacks and records the same of both, but for what the table says, and prefers our next version."""
    package = samples.recipe("apk")
    files: dict[str, Path] = {}
    later = msgspec.structs.replace(package, version="20261125", files=package.files[1:])
    for name, one, write in (
        ("ours", package, formats.write),
        ("theirs", package, nfpm.write),
        ("later", later, formats.write),
    ):
        # By the name that apko asks a repository for.
        files[name] = tmp_path / name / f"{_NAME}-{one.version}-r0.apk"
        files[name].parent.mkdir()
        files[name].write_bytes(write(one))
    ours, theirs = (_outcome(apko, tmp_path / f"{name}-root", files[name]) for name in ("ours", "theirs"))
    differing = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    assert {_KNOWN.get(key, key) for key in differing} - nfpm.explained("apk") == set()
    gone = f"disk {package.files[0].path}"
    assert gone in theirs

    alone = _outcome(apko, tmp_path / "alone", files["later"])
    assert alone == _outcome(apko, tmp_path / "both", files["theirs"], files["later"])
    assert gone not in alone


def _outcome(apko: Apko, sandbox: Path, *packages: Path) -> dict[str, Any]:
    """Install from these, and return what apko says, what it recorded, and what then lies on the disk."""
    sandbox.mkdir()
    done = apko.install(sandbox, *packages, apko.dependency)
    assert done.returncode == 0, done.stderr
    (said,) = [one for one in json.loads(done.stdout) if one["Name"] == _NAME]
    root = sandbox / "root"
    database = (root / "usr/lib/apk/db/installed").read_text("utf-8")
    (record,) = [block for block in database.split("\n\n") if f"P:{_NAME}\n" in block]
    found: dict[str, Any] = dict(said)
    for line in record.splitlines():
        key, _, value = line.partition(":")
        found.setdefault(f"record {key}", []).append(value)
    for file in said["Files"]:
        path = root / file["Path"]
        found[f"disk /{file['Path']}"] = None if file["Folder"] else path.read_bytes()
    return found

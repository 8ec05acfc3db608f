"""Arch's packages, installed by Debian's pacman below a folder, and read back."""

import gzip
import lzma
import sys
from pathlib import Path

import msgspec
import pytest

from builder import formats, inspect
from builder.errors import PackageError
from builder.model import File
from tests.unit.formats.packages import EPOCH, SYSTEM, package, refusal, run

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ODD = File("/etc/acme/ünï x#y.conf", b"odd\n")
METADATA = {"depends": ["ca-certificates-utils>=20240618"], "conflicts": ["acme-old"]}


def pacman(root: Path, *command: str | Path) -> str:
    """Run pacman on the system in `root`."""
    config = root / "pacman.conf"
    (root / "var/lib/pacman").mkdir(parents=True, exist_ok=True)
    config.write_text("[options]\nSigLevel = Never\nLocalFileSigLevel = Never\nArchitecture = x86_64\n")
    places = {"root": "", "dbpath": "var/lib/pacman", "cachedir": "cache", "gpgdir": "gpg", "logfile": "log"}
    options = [f"--{key}={root / value}" for key, value in places.items()]
    return run("pacman", f"--config={config}", *options, "--noconfirm", *command)


def test_pacman_installs_verifies_and_removes_it(tmp_path: Path) -> None:
    """What it installs is what .MTREE says, and removing leaves nothing."""
    file = tmp_path / "a.pkg.tar.gz"
    file.write_bytes(formats.write(package("pacman", *SYSTEM, ODD, metadata=METADATA)))
    described = dict(
        line.split(":", 1) for line in pacman(tmp_path, "-Qip", file).splitlines() if " : " in line
    )
    found = {key.strip(): value.strip() for key, value in described.items()}
    assert {
        key: found[key] for key in ("Name", "Version", "Architecture", "Depends On", "Conflicts With")
    } == {
        "Name": "acme-thing",
        "Version": "20261124.1-1",
        "Architecture": "any",
        "Depends On": "ca-certificates-utils>=20240618",
        "Conflicts With": "acme-old",
    }
    pacman(tmp_path, "-U", "-dd", file)
    assert (tmp_path / ODD.path[1:]).read_bytes() == ODD.data
    assert (tmp_path / "usr/share/acme/run").stat().st_mode & 0o777 == 0o755
    assert pacman(tmp_path, "-Qkk") == "acme-thing: 9 total files, 0 altered files\n"
    pacman(tmp_path, "-R", "acme-thing")
    assert [path for path in ("etc", "usr") if (tmp_path / path).exists()] == []


@pytest.mark.parametrize("compress", [lzma.compress, zstd.compress], ids=["xz", "zstd"])
def test_it_is_read_in_every_compression(compress: object) -> None:
    """Makepkg's is zstd; ours, which stores, says the same."""
    assert callable(compress)
    data = formats.write(package("pacman", *SYSTEM, ODD, metadata=METADATA))
    found = inspect.read("x", data)
    assert (found.format, found.name, found.version) == ("pacman", "acme-thing", "20261124.1-1")
    assert found.metadata["builddate"] == str(EPOCH)
    assert ODD.path in {member.path for member in found.files}
    assert inspect.read("x", compress(gzip.decompress(data))) == found


def test_a_changed_file_is_found_out() -> None:
    """A file is compared with its digest in .MTREE."""
    data = gzip.decompress(formats.write(package("pacman", *SYSTEM)))
    with pytest.raises(PackageError, match=r"/usr/share/acme/roots\.pem: does not match \.MTREE"):
        inspect.read("x", gzip.compress(data.replace(b"pem\n", b"PEM\n")))


def test_what_pacman_cannot_take_is_refused() -> None:
    """A hyphen in a version would begin the release; scripts have another form there."""
    plain = package("pacman", *SYSTEM)
    assert refusal(msgspec.structs.replace(plain, version="1-2"))[0] == (
        "recipe thing: '1-2' is not a version that pacman takes"
    )
    assert refusal(msgspec.structs.replace(plain, scripts={"postinstall": b"#!/bin/sh\n"}))[0] == (
        "recipe thing: container 'pacman' has no scripts"
    )

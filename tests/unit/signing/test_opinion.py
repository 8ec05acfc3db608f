"""Other programs and libraries verify what was signed here, and refuse what was changed."""

import importlib
import os
from pathlib import Path

import pytest

from builder import formats
from builder.errors import SignatureError
from builder.signing import opinion, rpm
from tests import site_keys
from tests.tools import require
from tests.unit.formats.packages import SYSTEM, package

TIME = 1_795_000_000


@pytest.fixture(params=opinion.VERIFIERS)
def verifier(request: pytest.FixtureRequest) -> str:
    """Return the name of a program or library that is here."""
    name: str = request.param
    if name != "pysequoia":
        require(name)
    else:
        try:
            importlib.import_module(name)
        except ImportError:
            complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            complain("pysequoia is not installed; tests/run installs it")
    return name


def ask(name: str, folder: Path, data: bytes) -> str | None:
    """Let it verify, with a key and a signature that are there."""
    ring = site_keys.keyring(1)
    (folder / "key").write_bytes(ring.openpgp[0].certificate)
    (folder / "signature").write_bytes(ring.detached(b"data", time=TIME, armored=False))
    (folder / "data").write_bytes(data)
    return opinion.VERIFIERS[name](folder)


def test_each_takes_a_good_signature_and_refuses_another(tmp_path: Path, verifier: str) -> None:
    """With the reason in its own words."""
    assert ask(verifier, tmp_path, b"data") == ""
    assert ask(verifier, tmp_path, b"date")


def test_a_signature_that_another_program_refuses_is_an_error() -> None:
    """It is not published."""
    ring = site_keys.keyring(1)
    signature = ring.single(b"data", time=TIME)
    certificate = ring.openpgp[0].certificate
    assert opinion.detached(certificate, b"data", signature) == "gpgv"
    with pytest.raises(SignatureError, match="gpgv: refuses a signature that was just made: gpgv: BAD"):
        opinion.detached(certificate, b"date", signature)
    other = site_keys.keyring(2).openpgp[0].certificate
    with pytest.raises(SignatureError, match="gpgv: refuses a signature that was just made: gpgv: Can't"):
        opinion.detached(other, b"data", signature)


def test_rpmkeys_refuses_an_unsigned_and_a_changed_package() -> None:
    """It is asked to ask for a signature."""
    require("rpmkeys")
    ring = site_keys.keyring(1)
    data = ring.rpm(formats.write(package("rpm", *SYSTEM)), time=TIME)
    key = ring.certificates[ring.signer]
    assert opinion.rpm(key, data) == "rpmkeys"
    other = next(iter(site_keys.keyring(2).certificates.values()))
    for faulty, certificate in ((rpm.unsigned(data), key), (data[:-9], key), (data, other)):
        with pytest.raises(SignatureError, match="rpmkeys: refuses a package that was just signed"):
            opinion.rpm(certificate, faulty)


def test_openssl_refuses_another_signature() -> None:
    """Of a package for apk."""
    require("openssl")
    key = site_keys.keyring(1).apk_signers[0]
    signature = key.raw(bytes(32))
    assert opinion.raw(key.public, bytes(32), signature) == "openssl"
    with pytest.raises(SignatureError, match="openssl: refuses a signature that was just made"):
        opinion.raw(key.public, bytes(31) + b"\1", signature)

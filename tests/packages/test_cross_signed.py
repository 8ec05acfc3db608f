"""Both certificates of a CA that another has cross-signed, in packages of files: which one OpenSSL takes."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from builder.prove.authority import create, issue
from tests.tools import require


def crossed(root: x509.Certificate, now: dt.datetime) -> x509.Certificate:
    """Return the root's variant that another CA has issued, with a digest that comes before the root's."""
    other = create("Legacy Root", now=now)
    builder = x509.CertificateBuilder(other.certificate.subject, root.subject, root.public_key())
    builder = builder.not_valid_before(root.not_valid_before_utc).not_valid_after(root.not_valid_after_utc)
    for extension in root.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    while True:
        made = builder.serial_number(x509.random_serial_number()).sign(other.key, hashes.SHA256())
        if made.fingerprint(hashes.SHA256()) < root.fingerprint(hashes.SHA256()):
            return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the deb and the PEM file of such a CA, whose certificates come in the worse order."""
    folder, now = tmp_path_factory.mktemp("crossed"), dt.datetime.now(dt.UTC)
    root = create("Acme Root", now=now)
    variant = crossed(root.certificate, now).public_bytes(Encoding.PEM)
    (folder / "roots.pem").write_bytes(variant + root.pem)
    (folder / "leaf.pem").write_bytes(issue(root, ["localhost"], now=now).chain)
    words = [
        "build",
        "roots.pem",
        "--org",
        "acme",
        "--intermediates",
        "keep",
        "--target",
        "deb",
        "--target",
        "pem",
    ]
    subprocess.run(
        [sys.executable, "-m", "builder", *words, "--quiet"], cwd=folder, check=True, capture_output=True
    )
    return folder


def verify(folder: Path, *places: str) -> str:
    """Ask OpenSSL for a server's certificate that comes alone."""
    words = [require("openssl"), "verify", "-no-CAstore", *places, "leaf.pem"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, env={})
    return (done.stdout + done.stderr).splitlines()[-1]


def test_in_a_file(folder: Path) -> None:
    """The root comes first in the bundle, so that a server that sends only its leaf is accepted."""
    [bundle] = (folder / "dist").glob("*.pem")
    assert "leaf.pem: OK" == verify(folder, "-no-CApath", "-CAfile", str(bundle))


def test_in_a_folder(folder: Path) -> None:
    """So it does among the deb's files, which are linked by the order of their names."""
    [deb] = (folder / "dist").glob("*.deb")
    subprocess.run([require("dpkg-deb"), "-x", str(deb), "system"], cwd=folder, check=True)
    certificates = folder / "system/usr/share/ca-certificates/acme"
    subprocess.run([require("openssl"), "rehash", str(certificates)], check=True)
    assert len(list(certificates.glob("*.crt"))) == 2
    assert "leaf.pem: OK" == verify(folder, "-no-CAfile", "-CApath", str(certificates))

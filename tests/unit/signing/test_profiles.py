"""Configuration profiles are signed by a certificate of somebody's own, and read again by openssl."""

from __future__ import annotations

import datetime as dt
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from builder import formats
from builder.errors import SignatureError
from builder.formats import cms
from builder.model import File, Package
from builder.prove import authority
from builder.release.manifest import read_manifest
from builder.signing import finished, profiles, site_keys
from builder.signing.private_file import NO_PASSWORDS, Passwords
from tests import site_keys as made
from tests.tools import require
from tests.unit import artifacts, bundles
from tests.unit.signing.test_finished import contents, write

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "internal.acme.ca-1.mobileconfig"
_NOW = dt.datetime.now(dt.UTC)


def _profile() -> bytes:
    one = bundles.bundle("Acme One").certificates[0]
    return formats.write(
        Package(
            target="mobileconfig",
            container="mobileconfig",
            name="internal.acme.ca",
            version="1",
            filename=_NAME,
            epoch=0,
            organisation=bundles.organisation(),
            files=(File("com.apple.security.root/one.cer", one.pem.encode()),),
        )
    )


class _Files:
    """A CA's certificate, and a chain and a key below it, in files."""

    def __init__(self, folder: Path) -> None:
        ca = authority.create("Acme MDM", now=_NOW)
        leaf = authority.issue(ca, ["mdm.acme.example"], now=_NOW)
        self.root, self.chain, self.key = (folder / name for name in ("root.pem", "chain.pem", "key.pem"))
        self.root.write_bytes(ca.pem)
        self.chain.write_bytes(leaf.chain)
        self.key.touch(0o600)
        self.key.write_bytes(leaf.key)

    def signer(self, now: dt.datetime = _NOW) -> profiles.ProfileSigner:
        return profiles.read(self.chain, self.key, NO_PASSWORDS, now=now)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return the folder of a release of one profile."""
    write(tmp_path / "dist", artifacts.artifact(_NAME, _profile(), target="mobileconfig"))
    return tmp_path / "dist"


def test_openssl_verifies_what_was_signed_and_finds_the_profile_in_it(dist: Path, tmp_path: Path) -> None:
    """By the CA of the signer's certificate; the manifest goes on to say what was built."""
    files, plain = _Files(tmp_path), (dist / _NAME).read_bytes()
    ring = site_keys.read(made.folder(tmp_path / "keys"))
    done = finished.sign(dist, ring, profiles=files.signer())
    assert [(one.entry.file, one.verified_by) for one in done.signed] == [(_NAME, "openssl")]
    verify = (require("openssl"), "smime", "-verify", "-inform", "DER", "-in", dist / _NAME)
    purpose = ("-CAfile", files.root, "-purpose", "any")
    found = subprocess.run([*verify, *purpose], capture_output=True, check=True)
    assert found.stdout == plain
    assert b"PRIVATE" not in (dist / _NAME).read_bytes()
    manifest = read_manifest(dist)
    assert manifest is not None
    [entry] = manifest.artifacts
    assert entry.unsigned == entry.identity == finished.identity(plain)
    assert finished.artifacts(dist, manifest)


def test_signing_again_changes_nothing_and_another_certificate_replaces_the_first(
    dist: Path, tmp_path: Path
) -> None:
    """Nor does signing without a certificate, which leaves the profile as it is and says so."""
    ring = site_keys.read(made.folder(tmp_path / "keys"))
    assert finished.sign(dist, ring).left == {
        _NAME: "no certificate for it was given (--profile-cert, --profile-key)"
    }
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
    one, two = _Files(tmp_path / "one"), _Files(tmp_path / "two")
    finished.sign(dist, ring, profiles=one.signer())
    before = contents(dist)
    finished.sign(dist, ring, profiles=one.signer())
    finished.sign(dist, ring)
    assert contents(dist) == before
    finished.sign(dist, ring, profiles=two.signer())
    signed = (dist / _NAME).read_bytes()
    assert signed != before[_NAME]
    assert {*cms.certificates(signed)} == {
        each.public_bytes(serialization.Encoding.DER) for each in two.signer().chain
    }


def test_a_signature_that_the_manifest_does_not_know_is_made_anew(dist: Path, tmp_path: Path) -> None:
    """A damaged one would else stay, and nothing but another build would help."""
    files, ring = _Files(tmp_path), site_keys.read(made.folder(tmp_path / "keys"))
    finished.sign(dist, ring, profiles=files.signer())
    [kept] = finished.sign(dist, ring).signed
    assert (kept.signature, kept.verified_by) == (_NAME, "openssl")
    good = (dist / _NAME).read_bytes()
    (dist / _NAME).write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(SignatureError, match="the manifest knows nothing of its signature"):
        finished.sign(dist, ring)
    finished.sign(dist, ring, profiles=files.signer())
    require("openssl")
    assert finished.sign(dist, ring).signed[0].verified_by == "openssl"


def test_a_signer_for_nothing_is_refused(tmp_path: Path) -> None:
    """A release without a profile, and nobody is to believe that one was signed."""
    write(tmp_path / "dist", artifacts.artifact("a.pem", b"x"))
    ring = site_keys.read(made.folder(tmp_path / "keys"))
    with pytest.raises(SignatureError, match="holds no configuration profile"):
        finished.sign(tmp_path / "dist", ring, profiles=_Files(tmp_path).signer())


def test_a_signer_whom_no_device_would_verify_is_refused(tmp_path: Path) -> None:
    """Expired or not yet valid, with a certificate of somebody else's, or a short key."""
    files = _Files(tmp_path)
    for days in (-400, 40_000):
        with pytest.raises(SignatureError, match=r"is valid from .*, not now"):
            files.signer(_NOW + dt.timedelta(days=days))
    with files.chain.open("ab") as chain:
        chain.write(files.root.read_bytes())
    assert len(files.signer().chain) > 1
    with files.chain.open("ab") as chain:
        chain.write(authority.create("Beta", now=_NOW).pem)
    with pytest.raises(SignatureError, match="CN=Beta has issued no other certificate in it"):
        files.signer()
    files.key.write_bytes(_pem(rsa.generate_private_key(65537, 1024), serialization.NoEncryption()))  # noqa: S505
    files.chain.write_bytes(files.root.read_bytes())
    with pytest.raises(SignatureError, match="has 1024 bits"):
        files.signer()


def test_a_changed_profile_is_not_signed(dist: Path, tmp_path: Path) -> None:
    """What is signed is what was built."""
    files, ring = _Files(tmp_path), site_keys.read(made.folder(tmp_path / "keys"))
    (dist / _NAME).write_bytes((dist / _NAME).read_bytes().replace(b"System", b"User"))
    with pytest.raises(Exception, match="is not what the manifest describes"):
        finished.sign(dist, ring, profiles=files.signer())


def test_files_that_are_no_signer_are_told(tmp_path: Path) -> None:
    """And nothing of what a private key's file holds."""
    files = _Files(tmp_path)
    with pytest.raises(SignatureError, match="holds no certificates in PEM"):
        profiles.read(files.key, files.key, NO_PASSWORDS, now=_NOW)
    files.root.chmod(0o600)
    with pytest.raises(SignatureError, match="is no private key in PEM"):
        profiles.read(files.chain, files.root, NO_PASSWORDS, now=_NOW)
    with pytest.raises(SignatureError, match="cannot be read"):
        profiles.read(tmp_path / "none", files.key, NO_PASSWORDS, now=_NOW)
    for key, said in (
        (rsa.generate_private_key(65537, 2048), "is not the key of the first certificate"),
        (ed25519.Ed25519PrivateKey.generate(), "is neither an RSA key nor one on an elliptic curve"),
    ):
        files.key.write_bytes(_pem(key, serialization.NoEncryption()))
        with pytest.raises(SignatureError, match=said):
            files.signer()
    files.key.chmod(0o644)
    with pytest.raises(SignatureError, match="others"):
        files.signer()


def test_a_certificate_with_a_strange_key_is_told(tmp_path: Path) -> None:
    """Of a kind that nobody here knows."""
    files = _Files(tmp_path)
    [leaf, *_] = x509.load_pem_x509_certificates(files.chain.read_bytes())
    ours, strange = (bytes.fromhex(one) for one in ("06072a8648ce3d0201", "06072a8648ce3d027f"))
    changed = leaf.public_bytes(serialization.Encoding.DER).replace(ours, strange)
    files.chain.write_text(ssl.DER_cert_to_PEM_cert(changed))
    with pytest.raises(SignatureError, match="holds a certificate that cannot be read"):
        files.signer()


def test_an_encrypted_key_is_opened_by_a_password(tmp_path: Path) -> None:
    """As the keys of sites are."""
    files = _Files(tmp_path)
    private = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(_pem(private, serialization.BestAvailableEncryption(b"secret")))
    with pytest.raises(SignatureError, match="is encrypted"):
        files.signer()
    signer = profiles.read(files.chain, files.key, Passwords(("secret",)), now=_NOW)
    assert cms.content(profiles.sign(_profile(), signer)).startswith(b"<?xml")
    assert "secret" not in repr(signer)
    assert "key" not in repr(signer)


def _pem(key: object, how: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(  # type: ignore[attr-defined,no-any-return]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how
    )

"""What signs a site: its signatures, read by other programs than the one that made them."""

import subprocess
from pathlib import Path

import pytest

from builder import formats
from builder.errors import SignatureError
from builder.signing import apk, armor, openpgp, packets, rpm, verifying
from tests import site_keys
from tests.tools import require
from tests.unit.formats.packages import SYSTEM, package, run

TIME = 1_795_000_000
TEXT = "Origin: acme\n- a line with a dash\n-----BEGIN\ntrailing blanks \t\nlast\n"


def gpgv(tmp_path: Path, certificates: bytes, *files: Path) -> subprocess.CompletedProcess[str]:
    """Let gpgv verify with these certificates (packets) alone."""
    (tmp_path / "ring.gpg").write_bytes(certificates)
    command = [require("gpgv"), "--keyring", str(tmp_path / "ring.gpg"), *map(str, files)]
    environment = {"HOME": str(tmp_path), "LANG": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_gpgv_takes_a_message_that_is_signed_as_it_reads(tmp_path: Path) -> None:
    """Dashes, blanks at line ends and both signatures of a rotation included."""
    ring = site_keys.keyring(1, 2)
    (tmp_path / "m").write_text(ring.clear(TEXT, time=TIME))
    for number in (1, 2):
        certificate = site_keys.keyring(number).openpgp[0].certificate
        done = gpgv(tmp_path, certificate, tmp_path / "m")
        assert "Good signature from" in done.stderr
    both = b"".join(key.certificate for key in ring.openpgp)
    assert gpgv(tmp_path, both, tmp_path / "m").returncode == 0


@pytest.mark.parametrize("armored", [True, False])
def test_gpgv_takes_a_detached_signature(tmp_path: Path, armored: bool) -> None:
    """Armored or not; of other data it is refused."""
    ring = site_keys.keyring()
    (tmp_path / "d").write_bytes(b"data\n")
    (tmp_path / "s").write_bytes(ring.detached(b"data\n", time=TIME, armored=armored))
    certificate = ring.openpgp[0].certificate
    assert gpgv(tmp_path, certificate, tmp_path / "s", tmp_path / "d").returncode == 0
    (tmp_path / "d").write_bytes(b"Data\n")
    assert gpgv(tmp_path, certificate, tmp_path / "s", tmp_path / "d").returncode == 1


def test_the_same_time_signs_to_the_same_bytes() -> None:
    """So a site that is signed again has not changed; a time before the key's counts as the key's."""
    ring = site_keys.keyring()
    assert ring.clear(TEXT, time=TIME) == ring.clear(TEXT, time=TIME)
    early, first = (ring.detached(b"", time=time) for time in (1, site_keys.CREATED))
    assert early == first


def test_rpm_takes_a_signed_package_and_its_certificate(tmp_path: Path) -> None:
    """With the key in its database; header and payload are as they were."""
    data = formats.write(package("rpm", *SYSTEM))
    ring = site_keys.keyring()
    signed = ring.rpm(data, time=TIME)
    assert signed == ring.rpm(signed, time=TIME)
    assert data == rpm.unsigned(signed)
    (tmp_path / "a.rpm").write_bytes(signed)
    (tmp_path / "ORG.asc").write_bytes(ring.certificate)
    require("rpmkeys")
    database = ("--dbpath", tmp_path / "db")
    run("rpmkeys", *database, "--import", tmp_path / "ORG.asc")
    listed = run("rpm", *database, "-qa", "gpg-pubkey").split()
    assert 2 == len(listed)
    said = run("rpmkeys", *database, "-Kv", tmp_path / "a.rpm")
    assert "Header V4 RSA/SHA512 Signature" in said
    assert "NOTTRUSTED" not in said
    assert "NOKEY" not in said


def test_openssl_takes_an_apks_signature(tmp_path: Path) -> None:
    """Over its control stream, by the public key that lies in /etc/apk/keys; signed again it is the same."""
    data = formats.write(package("apk", *SYSTEM))
    ring = site_keys.keyring(1, 2)
    signed = ring.apk(data, time=TIME)
    assert signed == ring.apk(signed, time=TIME)
    assert data == apk.unsigned(signed)
    found, digest = apk.signatures(signed)
    assert list(ring.apk_keys) == list(found)
    for name, signature in found.items():
        (tmp_path / "key").write_bytes(ring.apk_keys[name])
        (tmp_path / "sig").write_bytes(signature)
        (tmp_path / "digest").write_bytes(digest)
        said = run(
            "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "key",
            "-sigfile", tmp_path / "sig", "-in", tmp_path / "digest", "-pkeyopt", "digest:sha256",
        )  # fmt: skip
        assert "Signature Verified Successfully" in said


def test_what_was_signed_is_verified_by_its_own_reader() -> None:
    """A signature packet tells when it was made, and is no other key's."""
    ring = site_keys.keyring()
    packet = ring.detached(b"data", time=TIME, armored=False)
    public, name = openpgp.read_certificate(ring.published[0].certificate)
    assert "acme packages <pki@acme.example>" == name
    assert TIME == openpgp.verify(public, packet, openpgp.BINARY, b"data")
    other, _ = openpgp.read_certificate(ring.published[1].certificate)
    for key, data in ((other, b"data"), (public, b"date")):
        with pytest.raises(packets.Unsupported):
            openpgp.verify(key, packet, openpgp.BINARY, data)


def test_armor_is_read_back() -> None:
    """Every block of the label, and a damaged one is an error."""
    text = armor.armor(armor.SIGNATURE, bytes(range(200)))
    assert [bytes(range(200))] * 2 == armor.blocks(text + text, armor.SIGNATURE)
    assert [] == armor.blocks(text, armor.PUBLIC)


def test_a_signed_message_is_opened_by_the_sites_keys_alone() -> None:
    """Also by one that only was, or will be, the site's; a changed one and another site's are refused."""
    text = "{}\n- dash\n-----BEGIN\n"
    signed = site_keys.keyring(1).clear(text, time=TIME)
    for ring in (site_keys.keyring(1), site_keys.keyring(3, published=(1, 2))):
        assert text == ring.opened(signed)
    for faulty, ring in (
        (signed, site_keys.keyring(3)),
        (signed.replace("{}", "{ }"), site_keys.keyring(1)),
        ("x\n" + signed, site_keys.keyring(1)),
        (signed + "x\n", site_keys.keyring(1)),
        (signed.replace("- -----BEGIN", "-----BEGIN"), site_keys.keyring(1)),
        (signed.replace("SHA512\n\n", "SHA512\nComment: no\n\n"), site_keys.keyring(1)),
        (signed.replace("-----END", "!!\n-----END"), site_keys.keyring(1)),
        ("", site_keys.keyring(1)),
    ):
        with pytest.raises(SignatureError):
            ring.opened(faulty)


def test_every_key_of_a_published_file_is_read() -> None:
    """In one armored block or several; what is no public key is an error."""
    ring = site_keys.keyring()
    both = b"".join(one.certificate for one in ring.published)
    joined = armor.armor(armor.PUBLIC, both).encode()
    for text in (ring.certificate, joined):
        assert list(ring.certificates) == [key.fingerprint for key in verifying.public_keys(text, "ORG.asc")]
    for text in (b"", ring.certificate[:900], ring.certificate.replace(b"a", b"b"), b"\xff"):
        with pytest.raises(SignatureError, match=r"^ORG\.asc: has no OpenPGP public keys"):
            verifying.public_keys(text, "ORG.asc")

"""OpenPGP keys of people: what gpg signs counts, and what is revoked, ended or too weak does not."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.errors import SignatureError
from builder.signing import approving, gpgv, person
from builder.signing.packets import Unsupported
from tests.tools import NO_HOME, require

TEXT = "what is approved\n"


@dataclass(frozen=True)
class Gpg:
    """A home of GnuPG's, and the keys that are made in it."""

    home: Path

    def run(self, *words: str, data: bytes = b"") -> bytes:
        """Run gpg, without a password."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": NO_HOME, "GNUPGHOME": str(self.home)}
        command = ["gpg", "--batch", "--quiet", "--passphrase", "", *words]
        return subprocess.run(command, env=environment, input=data, check=True, capture_output=True).stdout

    def key(self, kind: str, *words: str, ends: str = "never") -> str:
        """Make a key that signs, and return its fingerprint."""
        name = f"{kind}{ends}"
        self.run(*words, "--quick-gen-key", name, kind, "sign", ends)
        lines = self.run("--with-colons", "--list-keys", f"={name}").decode().splitlines()
        return next(line for line in lines if line.startswith("fpr")).split(":")[9]

    def public(self, fingerprint: str) -> str:
        """Return a public key in armor."""
        return self.run("--armor", "--export", fingerprint).decode()

    def sign(self, fingerprint: str, *words: str) -> bytes:
        """Sign the text."""
        return self.run(*words, "--local-user", fingerprint, "--detach-sign", data=TEXT.encode())


@pytest.fixture(scope="module")
def gpg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gpg]:
    """Return an empty home of GnuPG's, and end its agent afterwards."""
    for name in ("gpg", "gpgconf", "gpgv"):
        require(name)
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    yield Gpg(home)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True, capture_output=True)


def verify(public: str, signature: bytes, text: str = TEXT) -> None:
    """Raise SignatureError unless a signature counts."""
    approving.verify(approving.read_key(public, "key"), text, signature, "it")


def test_what_gpg_signs_counts_by_its_key_alone(gpg: Gpg) -> None:
    """Of this text; and the key is the same in one line as in armor."""
    one, other = gpg.key("ed25519"), gpg.key("nistp256")
    signature = gpg.sign(one)
    verify(gpg.public(one), signature)
    key = approving.read_key(gpg.public(one), "key")
    assert key.fingerprint == one
    assert approving.read_key(key.text, "key") == approving.stored(key.text, "key") == key
    for wrong in (
        (gpg.public(other), signature),
        (gpg.public(one), signature, "another text\n"),
        (gpg.public(one), signature + signature),
        (gpg.public(one), signature[:-1]),
        (gpg.public(one), b""),
        (gpg.public(one), gpg.sign(one, "--default-sig-expire", "1d")),
    ):
        with pytest.raises(SignatureError):
            verify(*wrong)


def test_a_key_that_has_ended_counts_for_what_it_signed_before(gpg: Gpg) -> None:
    """So the same lock counts on any later day; after its end the key signs nothing."""
    then = ("--faked-system-time", "20240101T000000!")
    ended = gpg.key("ed25519", *then, ends="30d")
    signature = gpg.sign(ended, "--faked-system-time", "20240105T000000!")
    verify(gpg.public(ended), signature)


def test_a_revoked_key_is_no_approvers(gpg: Gpg) -> None:
    """Whatever it signs leaves gpgv with status 0 all the same."""
    key = gpg.key("ed25519", ends="2y")
    signature, before = gpg.sign(key), gpg.public(key)
    certificate = (gpg.home / "openpgp-revocs.d" / f"{key}.rev").read_text().replace(":-----", "-----")
    gpg.run("--import", data=certificate.encode())
    with pytest.raises(SignatureError, match="is revoked"):
        approving.read_key(gpg.public(key), "key")
    verify(before, signature)


def test_gpgv_is_not_believed_of_a_revoked_key(gpg: Gpg, tmp_path: Path) -> None:
    """Its status is 0; a key that came to us without its revocation is another's."""
    key = gpg.key("ed25519", ends="4y")
    signed, data = tmp_path / "data.sig", tmp_path / "data"
    signed.write_bytes(gpg.sign(key))
    data.write_text(TEXT)
    pairs = [(signed, data)]
    assert [] == list(gpgv.refused(require("gpgv"), {"a": gpg.public(key).encode()}, pairs))
    certificate = (gpg.home / "openpgp-revocs.d" / f"{key}.rev").read_text().replace(":-----", "-----")
    gpg.run("--import", data=certificate.encode())
    found = gpgv.refused(require("gpgv"), {"a": gpg.public(key).encode()}, pairs)
    assert [(signed, "the key of a signature is revoked")] == list(found)


def test_what_is_too_weak_or_too_much_is_refused(gpg: Gpg) -> None:
    """Short RSA keys, several at once, a private one."""
    weak, strong = gpg.key("rsa1024"), gpg.key("ed25519", ends="3y")
    for words, said in (
        (("--export", weak), "is an RSA key of 1024 bits"),
        (("--export", weak, strong), "holds several keys"),
        (("--export-secret-keys", strong), "is not one armored block"),
    ):
        with pytest.raises(SignatureError, match=said):
            approving.read_key(gpg.run("--armor", *words).decode(), "key")
    with pytest.raises(Unsupported, match="is a private key"):
        person.read(gpg.run("--export-secret-keys", strong))

"""OpenPGP keys that GnuPG's agent has: gpg signs with them, and they are never read."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import SignatureError, ToolError
from builder.signing import agent, new, openpgp, packets, site_keys
from builder.signing.generation import Wanted
from tests import site_keys as made
from tests.tools import require

TIME = made.CREATED + 100


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty home of GnuPG's, and end its agent afterwards; its socket's path must be short."""
    for name in ("gpg", "gpgconf"):
        require(name)
    folder = tmp_path_factory.mktemp("g")
    folder.chmod(0o700)
    monkeypatch.setenv("GNUPGHOME", str(folder))
    yield folder
    subprocess.run(["gpgconf", "--kill", "all"], check=True, capture_output=True)


def import_key(number: int) -> str:
    """Give the agent a throw-away key; return its fingerprint."""
    private = made.pair(number).openpgp
    key = made.keyring(number).openpgp[0]
    secret = b"".join(
        packets.packet(5, packet.body + _secret(private))
        if packet.kind == openpgp.PUBLIC_KEY
        else packet.whole
        for packet in packets.read(key.certificate)
    )
    subprocess.run(["gpg", "--batch", "--quiet", "--import"], input=secret, check=True, capture_output=True)
    return openpgp.read_certificate(key.certificate)[0].fingerprint


def _secret(private: object) -> bytes:
    """Return the secret numbers of an OpenPGP key, unencrypted, with their checksum."""
    numbers = private.private_numbers()  # type: ignore[attr-defined]
    # OpenPGP's u is the inverse of the smaller prime.
    p, q = sorted((numbers.p, numbers.q))
    plain = b"".join(map(packets.number, (numbers.d, p, q, pow(p, -1, q))))
    return b"\0" + plain + (sum(plain) % 65_536).to_bytes(2)


def test_the_agent_signs_to_the_same_bytes_as_a_file(home: Path) -> None:
    """At the same moment, whatever the machine's clock says."""
    assert home
    fingerprint = import_key(1)
    certificate = agent.certificate(fingerprint)
    public, _ = openpgp.read_certificate(certificate)
    by_agent = agent.AgentKey(public, certificate)
    by_file = made.keyring(1).openpgp[0]
    for kind, data in ((openpgp.BINARY, b"a\r\nb\n"), (openpgp.TEXT, b"a\r\nb  c\r\n-"), (openpgp.TEXT, b"")):
        assert by_file.sign(kind, data, time=TIME) == by_agent.sign(kind, data, time=TIME)
    assert by_file.sign(0, b"", time=1) == by_agent.sign(0, b"", time=1)


def test_a_folder_of_keys_names_the_agents(home: Path, tmp_path: Path) -> None:
    """Keys for apk and statements are made in files; of OpenPGP's only what is public is here."""
    assert home
    wanted = Wanted(gpg=import_key(1)), Wanted(gpg=import_key(2))
    folder = new.create(
        tmp_path / "keys", organisation="acme", user_id="not used", time=TIME, wanted=wanted,
        pairs=(made.pair(3), made.pair(4)),
    ).path  # fmt: skip
    files = [f"{number}-{kind}.pem" for number in (1, 2) for kind in ("apk", "statement")]
    assert files == sorted(path.name for path in folder.glob("*.pem"))
    ring = site_keys.read(folder)
    assert "text\n" == ring.opened(ring.clear("text\n", time=TIME))
    assert list(ring.certificates) == [one.gpg for one in wanted]


@pytest.mark.parametrize("fingerprint", ["0" * 40, "acme", "--version", "no such"])
def test_a_key_that_gpg_has_not_is_told(home: Path, fingerprint: str) -> None:
    """By its fingerprint; no other way to name it counts."""
    assert home
    import_key(1)
    with pytest.raises((SignatureError, ToolError), match=r"^gpg: "):
        agent.certificate(fingerprint)


def test_a_key_whose_private_half_is_missing_signs_nothing(home: Path, tmp_path: Path) -> None:
    """No folder of keys is made of it."""
    assert home
    key = made.keyring(1).openpgp[0]
    command = ["gpg", "--batch", "--quiet", "--import"]
    subprocess.run(command, input=key.certificate, check=True, capture_output=True)
    fingerprint = openpgp.read_certificate(key.certificate)[0].fingerprint
    with pytest.raises(ToolError, match="gpg: cannot sign with"):
        new.create(
            tmp_path / "keys", organisation="acme", user_id="not used", time=TIME,
            wanted=(Wanted(gpg=fingerprint), Wanted(gpg=fingerprint)), pairs=(made.pair(3), made.pair(4)),
        )  # fmt: skip
    assert not (tmp_path / "keys").exists()


def test_a_key_on_a_curve_is_refused(home: Path) -> None:
    """Signatures of RPM packages by those have another tag, and old systems know none."""
    assert home
    name = "Acme <pki@acme.example>"
    options = ("--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
    subprocess.run(
        ["gpg", *options, "--quick-gen-key", name, "ed25519", "sign", "never"],
        check=True,
        capture_output=True,
    )
    listed = subprocess.run(
        ["gpg", "--batch", "--with-colons", "-k"], check=True, capture_output=True, text=True
    )
    fingerprint = next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr"))
    with pytest.raises(SignatureError, match=r"is no RSA key of OpenPGP's version 4"):
        agent.certificate(fingerprint)

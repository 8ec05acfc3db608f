"""Keys that never come here: a program signs a digest, and what it returns is verified before it is used."""

import hashlib
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from builder.errors import SignatureError, ToolError, TrustpackError
from builder.signing import dsse, new, outside, program, rotation, site_keys
from builder.signing.generation import Wanted
from builder.signing.rotation import Rotation
from tests import site_keys as made
from tests.tools import require, require_linux
from tests.unit.formats.packages import run

TIME = made.CREATED
DIGEST = hashlib.sha256(b"data").digest()
# Debian's softhsm2
MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


def openssl(tmp_path: Path, *numbers: int) -> tuple[str, ...]:
    """Return a program that signs with keys in files, by number, and write their public halves."""
    for number in numbers:
        private = made.pair(number).openpgp
        form = serialization.PrivateFormat.PKCS8
        pem = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        (tmp_path / f"hsm-{number}").write_bytes(pem)
        (tmp_path / f"{number}.pem").write_bytes(public(private.public_key()))
    key = str(tmp_path / "hsm-{key}")
    return (require("openssl"), "pkeyutl", "-sign", "-inkey", key, "-pkeyopt", "digest:{hash}")


def public(key: object) -> bytes:
    """Return a public key as PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form)  # type: ignore[attr-defined,no-any-return]


def signer(*command: str, seconds: float = 20) -> outside.Outside:
    """Return a signer that asks a shell's command."""
    return outside.Outside(("sh", "-c", *command), "1", made.pair(1).openpgp.public_key(), seconds)


def test_a_site_is_signed_by_keys_that_only_a_program_has(tmp_path: Path) -> None:
    """OpenPGP, apk and statements with one key for each generation, to the same bytes as a key in a file."""
    command = openssl(tmp_path, 1, 2)
    wanted = Wanted(public=tmp_path / "1.pem"), Wanted(public=tmp_path / "2.pem")
    keys = new.create(
        tmp_path / "keys", organisation="acme", user_id="Acme <pki@acme.example>", time=TIME, wanted=wanted,
        signer=command,
    ).path  # fmt: skip
    assert [] == list(keys.glob("*.pem"))
    ring = site_keys.read(keys, signer=command)
    assert "text\n" == ring.opened(ring.clear("text\n", time=TIME))
    in_file = made.keyring(1)
    assert in_file.detached(b"data", time=TIME) == ring.detached(b"data", time=TIME)
    assert 256 == len(ring.apk_signers[0].raw(DIGEST))
    sealed = ring.seal(b"text")
    assert b"text" == dsse.opened(sealed, dsse.known([public(made.pair(1).openpgp.public_key())]), "it")
    assert sealed == ring.seal(b"text")
    with pytest.raises(SignatureError, match="a program signs with '1', and none is named"):
        site_keys.read(keys)


def test_keys_of_a_program_are_rotated(tmp_path: Path) -> None:
    """The new next one is named by its public half."""
    command = openssl(tmp_path, 1, 2, 3)
    wanted = Wanted(public=tmp_path / "1.pem"), Wanted(public=tmp_path / "2.pem")
    keys = new.create(
        tmp_path / "keys", organisation="acme", user_id="Acme <pki@acme.example>", time=TIME, wanted=wanted,
        signer=command,
    ).path  # fmt: skip
    rotation.begin(keys, Rotation(time=TIME, wanted=Wanted(public=tmp_path / "3.pem"), signer=command))
    ring = site_keys.read(keys, signer=command)
    assert ["current", "previous", "next"] == list(ring.roles.values())[:3]
    assert 2 == len(ring.openpgp)


def test_a_token_signs_by_pkcs11(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the words of the guide: openssl and its engine, with the token's PIN in a file."""
    for name in ("softhsm2-util", "pkcs11-tool"):
        require(name)
    (tmp_path / "tokens").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    (tmp_path / "pin").write_text("1234")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "conf"))
    monkeypatch.setenv("PKCS11_MODULE_PATH", str(MODULE))
    _run("softhsm2-util", "--init-token", "--free", "--label", "acme", "--pin", "1234", "--so-pin", "5678")
    token = ("pkcs11-tool", "--module", str(MODULE), "--token-label", "acme")
    for number, name in ((1, "site-1"), (2, "site-2")):
        make = ("--keypairgen", "--key-type", "rsa:2048", "--label", name, "--id", f"0{number}")
        _run(*token, "--login", "--pin", "1234", *make)
        der = str(tmp_path / f"{name}.der")
        _run(*token, "--read-object", "--type", "pubkey", "--label", name, "-o", der)
        _run("openssl", "pkey", "-pubin", "-inform", "DER", "-in", der, "-out", str(tmp_path / f"{name}.pem"))
    address = f"pkcs11:token=acme;object={{key}};type=private;pin-source=file:{tmp_path}/pin"
    command = (
        *("openssl", "pkeyutl", "-sign", "-engine", "pkcs11", "-keyform", "engine"),
        *("-inkey", address, "-pkeyopt", "digest:{hash}"),
    )
    keys = new.create(
        tmp_path / "keys", organisation="acme", user_id="Acme <pki@acme.example>", time=TIME, signer=command,
        wanted=(Wanted(public=tmp_path / "site-1.pem"), Wanted(public=tmp_path / "site-2.pem")),
    ).path  # fmt: skip
    ring = site_keys.read(keys, signer=command)
    (tmp_path / "m").write_text(ring.clear("text\n", time=TIME))
    (tmp_path / "ring").write_bytes(ring.published[0].certificate)
    done = subprocess.run(
        ["gpgv", "--keyring", tmp_path / "ring", tmp_path / "m"], capture_output=True, check=False
    )
    assert (0, True) == (done.returncode, b"Good signature" in done.stderr)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("shell", "error", "said"),
    [
        ("cat >/dev/null; echo no such key >&2; exit 3", ToolError, "sh: failed with status 3: no such key"),
        ("cat >/dev/null", SignatureError, "sh: returned 0 bytes that are no signature by the key '1'"),
        ("cat", SignatureError, "sh: returned 32 bytes that are no signature by the key '1'"),
        ("head -c 256 /dev/zero", SignatureError, "sh: returned 256 bytes that are no signature"),
        ("cat /dev/zero", ToolError, "sh: writes more than it was asked for"),
        ("cat /dev/zero >&2", ToolError, "sh: writes more than it was asked for"),
        ("kill -9 $$", ToolError, "sh: failed with status -9"),
        ("printf 'a\\033[31mb\\n' >&2; exit 1", ToolError, r"status 1: a\\u001b\[31mb"),
    ],
)
def test_what_is_no_signature_is_refused(shell: str, error: type[TrustpackError], said: str) -> None:
    """Whatever a program returns, and what it says is shown without controls."""
    with pytest.raises(error, match=said):
        signer(shell)(DIGEST)


def test_a_program_that_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    """Nobody waits for it any longer than was said."""
    require_linux()
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"sh: has not answered in 1 seconds"):
        signer(f"sleep 60 & echo $! >{tmp_path}/pid; wait", seconds=1)(DIGEST)
    assert time.monotonic() - started < 20
    child = int((tmp_path / "pid").read_text())
    while time.monotonic() - started < 20 and _runs(child):
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    """Tell whether a process runs; what was killed may wait for somebody to ask how it ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] not in {"Z", "X"}


def test_a_program_that_is_not_there_is_named() -> None:
    """And so is one that cannot be run."""
    with pytest.raises(ToolError, match="no-such-program: cannot be started: No such file"):
        program.ask(["no-such-program"], b"")


def test_a_signature_by_another_key_of_the_program_is_refused(tmp_path: Path) -> None:
    """It would be refused by every client."""
    command = openssl(tmp_path, 2)
    words = tuple(word.replace("{key}", "2") for word in command)
    with pytest.raises(SignatureError, match="returned 256 bytes that are no signature by the key '1'"):
        outside.Outside(words, "1", made.pair(1).openpgp.public_key())(DIGEST)


@pytest.mark.parametrize("name", ["private", "garbage", "small", "curve", "missing", "fifo"])
def test_what_is_no_public_key_makes_no_keys(tmp_path: Path, name: str) -> None:
    """Least of all a private one, which is not read any further."""
    path = tmp_path / "1.pem"
    command = openssl(tmp_path, 2)
    match name:
        case "private":
            path.write_bytes((tmp_path / "hsm-2").read_bytes())
        case "garbage":
            path.write_bytes(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
        case "small":
            run("sh", "-c", f"openssl genrsa 1024 2>/dev/null | openssl pkey -pubout -out {path}")
        case "curve":
            run("sh", "-c", f"openssl ecparam -genkey -name prime256v1 | openssl pkey -pubout -out {path}")
        case "fifo":
            run("mkfifo", path)
    with pytest.raises(TrustpackError) as caught:
        new.create(
            tmp_path / "keys", organisation="acme", user_id="Acme <pki@acme.example>", time=TIME,
            wanted=(Wanted(public=path), Wanted(public=tmp_path / "2.pem")), signer=command,
        )  # fmt: skip
    assert str(caught.value).startswith(str(path))
    assert not (tmp_path / "keys").exists()

"""Folders of keys that are open to others, damaged or not what they say sign nothing."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from builder.errors import SignatureError, TrustpackError
from builder.signing import checking, private_file, site_keys
from builder.signing.private_file import Passwords
from tests import site_keys as made

TIME = made.CREATED
SHORT = 1024  # bits
PASSWORD = "correct horse"  # noqa: S105  of keys that nobody uses


def pem(key: Any) -> bytes:
    """Return a private key as PKCS #8."""
    form = serialization.PrivateFormat.PKCS8
    found: bytes = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return found


def put(path: Path, data: bytes) -> None:
    """Make `data` the content of a file whose mode stays."""
    path.write_bytes(data)


def changed(path: Path, **fields: Any) -> None:
    """Set fields of the first generation in keys.json."""
    value = json.loads(path.read_text())
    value["generations"][0] |= fields
    path.write_text(json.dumps(value))


def linked(path: Path) -> None:
    """Put a link in a file's place."""
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def foldered(path: Path) -> None:
    path.unlink()
    path.mkdir()


def piped(path: Path) -> None:
    """Put a pipe in a file's place."""
    path.unlink()
    os.mkfifo(path, 0o600)


def cut(path: Path) -> None:
    """Leave half of a file."""
    put(path, path.read_bytes()[: path.stat().st_size // 2])


def flipped(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 2
    put(path, bytes(data))


FAULTS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a private key that others may read": ("1-openpgp.pem", lambda p: p.chmod(0o640), "its mode is 0640"),
    "apk's key that others may read": ("1-apk.pem", lambda p: p.chmod(0o604), "its mode is 0604"),
    "a folder that others may enter": (
        ".",
        lambda p: p.chmod(0o750),
        "others may enter it: its mode is 0750",
    ),
    "a link for a private key": ("1-openpgp.pem", linked, "is a link"),
    "a pipe for a private key": ("1-openpgp.pem", piped, "is no regular file"),
    "a folder for a private key": ("1-openpgp.pem", foldered, "1-openpgp.pem: is no regular file"),
    "a link for a certificate": ("1-openpgp.asc", linked, "is a link"),
    "a pipe for a certificate": ("2-openpgp.asc", piped, "it is not a regular file"),
    "a pipe for the index": ("keys.json", piped, "it is not a regular file"),
    "half a private key": ("1-apk.pem", cut, "is no private key in PEM, or is damaged"),
    "half a certificate": ("2-openpgp.asc", cut, "is damaged, or no OpenPGP public key"),
    "half an index": ("keys.json", cut, "is damaged, or not trustpack's"),
    "no private key": ("1-openpgp.pem", Path.unlink, "cannot be read: No such file"),
    "no certificate": ("2-openpgp.asc", Path.unlink, "cannot be read: No such file"),
    "no index": ("keys.json", Path.unlink, "cannot be read: No such file"),
    "another private key": (
        "1-openpgp.pem",
        lambda p: put(p, pem(made.pair(3).openpgp)),
        "is not the private key of 1-openpgp.asc",
    ),
    "another private key for apk": (
        "1-apk.pem",
        lambda p: put(p, pem(made.pair(3).apk)),
        "is not the private key of acme-",
    ),
    "a key on a curve": (
        "1-apk.pem",
        lambda p: put(p, pem(ec.generate_private_key(ec.SECP256R1()))),
        "is no RSA key of 2048 bits or more",
    ),
    "a short key": (
        "1-apk.pem",
        lambda p: put(p, pem(rsa.generate_private_key(65537, SHORT))),
        "is no RSA key of 2048 bits or more",
    ),
    "another private key for statements": (
        "1-statement.pem",
        lambda p: put(p, pem(made.pair(3).statement)),
        "is not the private key of acme-",
    ),
    "an RSA key for statements": (
        "1-statement.pem",
        lambda p: put(p, pem(made.pair(1).apk)),
        "is no key on P-256",
    ),
    "a key on another curve": (
        "1-statement.pem",
        lambda p: put(p, pem(ec.generate_private_key(ec.SECP384R1()))),
        "is no key on P-256",
    ),
    "a key for statements that others may read": (
        "1-statement.pem",
        lambda p: p.chmod(0o644),
        "its mode is 0644",
    ),
    "another digest": (
        "keys.json",
        lambda p: changed(p, statement_sha256="a" * 64),
        "cannot be read: No such",
    ),
    "a digest that is none": ("keys.json", lambda p: changed(p, statement_sha256="../x"), "is damaged"),
    "a file without end": ("1-apk.pem", lambda p: put(p, bytes(1024 * 1024)), "is larger than a private key"),
    "another certificate": (
        "1-openpgp.asc",
        lambda p: put(p, p.with_name("2-openpgp.asc").read_bytes()),
        "is not the key that keys.json names",
    ),
    "two certificates": (
        "1-openpgp.asc",
        lambda p: put(p, p.read_bytes() + p.with_name("2-openpgp.asc").read_bytes()),
        "is damaged, or no OpenPGP public key",
    ),
    "a private key in the place of a public one": (
        "1-openpgp.asc",
        lambda p: put(p, pem(made.pair(1).openpgp)),
        ": holds ",
    ),
    "a private key in the index": (
        "keys.json",
        lambda p: put(p, p.read_bytes() + pem(made.pair(1).openpgp)),
        ": holds ",
    ),
    "another time": ("keys.json", lambda p: changed(p, created=TIME + 1), "is not the key that keys.json"),
    "a time that is none": ("keys.json", lambda p: changed(p, created=-1), "is damaged, or not trustpack's"),
    "two current generations": ("keys.json", lambda p: changed(p, state="next"), "names no current key"),
    "a number twice": ("keys.json", lambda p: changed(p, number=2), "or one twice"),
    "a path out of the folder": ("keys.json", lambda p: changed(p, apk_name="../x.rsa.pub"), "is damaged"),
    "an unknown key": ("keys.json", lambda p: changed(p, colour="red"), "is damaged"),
    "numbers that are none": ("keys.json", lambda p: put(p, b"[" * 50_000), "is damaged"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_keys_sign_nothing(tmp_path: Path, fault: str) -> None:
    """The error names the file, and shows nothing of what it holds."""
    folder = made.folder(tmp_path / "keys")
    name, spoil, said = FAULTS[fault]
    spoil(folder / name)
    with pytest.raises(TrustpackError, match=re.escape(said)) as caught:
        site_keys.read(folder)
    assert str(caught.value).startswith(str(folder / name) if name[-4:] == ".pem" else str(folder))
    assert "BEGIN" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("*.rsa.pub", "is not the key that its name tells"),
        ("*.statement.pub", "is not the key that keys.json"),
    ],
)
def test_a_changed_public_key_is_refused(tmp_path: Path, names: str, said: str) -> None:
    """Its digest is known."""
    folder = made.folder(tmp_path / "keys")
    one, other = sorted(folder.glob(names))
    put(one, other.read_bytes())
    with pytest.raises(SignatureError, match=said):
        site_keys.read_public(folder)


@pytest.mark.parametrize(
    "name",
    ["1-openpgp.pem", "1-apk.pem", "1-openpgp.asc", "2-openpgp.asc", "1-statement.pem", "keys.json"],
)
def test_one_changed_bit_never_signs_otherwise(tmp_path: Path, name: str) -> None:
    """It is an error, or changes nothing that is signed: an armor's own header, say."""
    folder = made.folder(tmp_path / "keys")

    def signed() -> tuple[bytes, bytes]:
        ring = site_keys.read(folder)
        return ring.detached(b"data", time=TIME), ring.seal(b"data")

    before = signed()
    flipped(folder / name)
    try:
        after = signed()
    except TrustpackError:
        return
    assert before == after


def test_there_are_no_keys_where_there_is_no_folder(tmp_path: Path) -> None:
    """Nor in a file, nor behind a link."""
    with pytest.raises(SignatureError, match="there are no keys") as caught:
        site_keys.read(tmp_path / "keys")
    assert "'trustpack keys new' makes them" in caught.value.hint
    (tmp_path / "file").write_text("")
    made.folder(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    for name in ("file", "link"):
        with pytest.raises(SignatureError, match="is no folder of keys"):
            site_keys.read(tmp_path / name)


@pytest.mark.parametrize("fault", ["open", "empty", "link", "pipe", "binary", "missing"])
def test_a_file_with_a_password_is_as_private_as_a_key(tmp_path: Path, fault: str) -> None:
    """What it holds is not shown."""
    path = tmp_path / "password"
    path.write_bytes({"empty": b"\n", "binary": b"\xff\xfe"}.get(fault, b"secret\n"))
    path.chmod(0o644 if fault == "open" else 0o600)
    match fault:
        case "link":
            linked(path)
        case "pipe":
            piped(path)
        case "missing":
            path.unlink()
    with pytest.raises(SignatureError) as caught:
        private_file.read_passwords(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "secret" not in str(caught.value)


def test_nothing_that_holds_a_key_shows_it(tmp_path: Path) -> None:
    """Neither in a traceback nor in a log."""
    folder = made.folder(tmp_path / "keys", password=PASSWORD)
    passwords = Passwords((PASSWORD,))
    ring = site_keys.read(folder, passwords=passwords)
    numbers = {str(made.pair(1).openpgp.private_numbers().d)}
    numbers.add(str(made.pair(1).statement.private_numbers().private_value))
    for thing in (ring, passwords, made.pair(1), *ring.statement_signers):
        assert not [number for number in numbers if number in repr(thing)]
        assert PASSWORD not in repr(thing)


def test_check_tells_what_is_wrong_and_what_lies_about(tmp_path: Path) -> None:
    """Errors first; keys that sign are tried, and another program verifies what they made."""
    folder = made.folder(tmp_path / "keys")
    (folder / "old.pem").write_bytes(pem(made.pair(3).openpgp))
    (folder / "old.pem").chmod(0o644)
    (folder / ".gitignore").unlink()
    (folder / "2-apk.pem").unlink()
    found = checking.check(folder, time=TIME)
    assert [
        ("error", "others may read it: its mode is 0644"),
        ("warning", "is no key that keys.json names"),
        ("warning", "is not there, so that git may take the keys"),
        ("warning", "of its private keys 2-openpgp.pem, 2-statement.pem are here, and not 2-apk.pem"),
        ("note", "signs, and gpgv verifies it"),
    ] == [(one.level, one.message) for one in found]


def test_check_tells_where_the_next_keys_are(tmp_path: Path) -> None:
    """Beside those that sign they are as good as none."""
    folder = made.folder(tmp_path / "keys")
    assert ["warning", "note"] == [one.level for one in checking.check(folder, time=TIME)]
    for path in folder.glob("2-*.pem"):
        path.unlink()
    assert ["signs, and gpgv verifies it", "its private keys are elsewhere, as they are to be"] == [
        one.message for one in checking.check(folder, time=TIME)
    ]


def test_check_tells_of_a_key_that_cannot_sign(tmp_path: Path) -> None:
    """And goes on with the others."""
    folder = made.folder(tmp_path / "keys", password=PASSWORD)
    levels = [one.level for one in checking.check(folder, time=TIME)]
    assert ["error", "error"] == levels
    ready = checking.check(folder, time=TIME, passwords=Passwords((PASSWORD,)))
    assert "error" not in [one.level for one in ready]


_CRASHING = """
import os, resource, sys
from pathlib import Path
from builder.signing import generation, private_file
before = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
{line}
print(*resource.getrlimit(resource.RLIMIT_CORE), flush=True)
os.abort()
"""


@pytest.mark.parametrize(
    "line",
    [
        "private_file.load(Path(sys.argv[1]))",
        "private_file.load_p256(Path(sys.argv[1]).with_name('1-statement.pem'))",
        "private_file.read_passwords(Path(sys.argv[1]))",
        "generation.make(2048)",
    ],
)
def test_a_process_that_has_read_a_key_leaves_no_core(tmp_path: Path, line: str) -> None:
    """Nor one that has made one, however it ends: the kernel writes none that is larger than a byte."""
    key = made.folder(tmp_path / "keys") / "1-apk.pem"
    command = [sys.executable, "-c", _CRASHING.format(line=line), str(key)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (-signal.SIGABRT, set(done.stdout.split()) <= {"0", "1"}) == (done.returncode, True), done.stderr
    assert ["keys"] == [path.name for path in tmp_path.iterdir()]

"""Private keys: found in every container, and never shown, logged, raised or written by anything."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from builder.errors import PrivateKeyError
from builder.lint import refuse
from builder.load import load
from builder.load.source import Input
from builder.model import Origin
from builder.x509.pem import Block
from tests.lint import forge
from tests.lint.faults import FAULTS
from tests.tools import require

_FOLDER = Path(__file__).parents[1] / "data" / "bad"
_KEYS = sorted(name for name in FAULTS if name.startswith("private-key/"))
_WORD = re.compile(rb"[A-Za-z0-9+/]{12,}")


def _secrets(data: bytes) -> set[bytes]:
    """Return pieces of a file that must not appear anywhere: base64, hexadecimal, and octets."""
    pieces = {data[at : at + 12] for at in range(0, len(data) - 12, 12)}
    pieces |= {piece.hex().encode() for piece in pieces}
    words = {word[at : at + 12] for word in _WORD.findall(data) for at in range(0, len(word) - 11, 12)}
    # What we say ourselves in other words, such as "certificate", is no secret.
    return {piece for piece in pieces | words if not re.fullmatch(rb"[a-zA-Z -]+", piece)}


def _leaks(data: bytes, output: bytes) -> set[bytes]:
    return {piece for piece in _secrets(data) if piece in output}


@pytest.mark.parametrize("name", _KEYS)
def test_no_exception_shows_a_key(name: str) -> None:
    """Neither findings nor the error nor its traceback with all local variables holds a piece of the key."""
    loading = load([_FOLDER / name])
    shown = repr(loading)
    try:
        refuse(loading.findings)
    except PrivateKeyError as error:
        full = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown += "".join(full.format()) + error.hint
    else:
        pytest.fail("the key was not refused")

    # The certificate beside a key may be shown; what is left of the file may not.
    rest = FAULTS[name].replace(forge.pem(forge.certificate()), b"").replace(forge.certificate(), b"")
    assert set() == _leaks(rest, shown.encode())


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_no_output_and_no_file_shows_a_key(form: str, tmp_path: Path) -> None:
    """The command exits with 5 on every file with a key; nothing of it is printed or left on disk."""
    program = "import typer; from builder.cli.lint import lint; typer.run(lint)"
    clean = ["env", "-i", f"TMPDIR={tmp_path}", f"HOME={tmp_path}", f"PYTHONPATH={Path(__file__).parents[2]}"]
    command = [sys.executable, "-c", program, "--format", form, str(_FOLDER / "private-key")]

    done = subprocess.run([*clean, *command], capture_output=True, check=False, cwd=tmp_path)

    assert done.returncode == 5
    output = done.stdout + done.stderr
    for name in _KEYS:
        assert name.encode() in output
        rest = FAULTS[name].replace(forge.pem(forge.certificate()), b"").replace(forge.certificate(), b"")
        assert set() == _leaks(rest, output)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


_STORES = {
    "jks": ("-storetype", "jks"),
    "jceks": ("-storetype", "jceks"),
    "pkcs12": ("-storetype", "pkcs12"),
}


@pytest.mark.parametrize("kind", _STORES)
def test_keytool_stores_with_and_without_a_key(kind: str, tmp_path: Path) -> None:
    """A trust store that Java's keytool wrote gives its certificates, and one with a key is refused."""
    keytool = ["env", "-i", require("keytool"), "-J-Duser.language=en"]
    root, trusted, mixed = tmp_path / "root.pem", tmp_path / "trusted", tmp_path / "mixed"
    root.write_bytes(forge.pem(forge.certificate()))
    common = [*_STORES[kind], "-storepass", forge.PASSWORD]
    imported = ["-importcert", "-noprompt", "-alias", "root", "-file", str(root)]
    pair = ["-genkeypair", "-alias", "pair", "-keyalg", "EC", "-dname", "CN=x", "-keypass", forge.PASSWORD]
    for path in (trusted, mixed):
        subprocess.run([*keytool, *imported, "-keystore", path, *common], check=True, capture_output=True)
    subprocess.run([*keytool, *pair, "-keystore", mixed, *common], check=True, capture_output=True)

    loading = load([trusted], passwords=(forge.PASSWORD,))
    assert [forge.certificate()] == [certificate.der for certificate in loading.certificates]
    assert loading.findings == ()
    assert [finding.rule for finding in load([trusted]).findings] == ["password-needed"]
    assert [finding.rule for finding in load([mixed]).findings] == ["private-key"]


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ([], []),
        (["-certpbe", "AES-128-CBC", "-macalg", "sha512"], []),
        (["-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"], []),
        (["-certpbe", "DES-EDE3-CBC"], []),
        (["-nomac"], []),
        (["-nomac", "-certpbe", "NONE"], []),
        (["-legacy"], ["damaged-store"]),
    ],
)
def test_openssl_stores(options: list[str], rules: list[str], tmp_path: Path) -> None:
    """PKCS #12 trust stores in all the ways OpenSSL writes them are read, but for RC2, which is said."""
    root, store = tmp_path / "root.pem", tmp_path / "store.p12"
    root.write_bytes(forge.pem(forge.certificate()))
    command = [
        "env",
        "-i",
        require("openssl"),
        "pkcs12",
        "-export",
        "-nokeys",
        "-in",
        str(root),
        "-out",
        str(store),
        *options,
    ]
    subprocess.run([*command, "-passout", f"pass:{forge.PASSWORD}"], check=True, capture_output=True)

    loading = load([store], passwords=(forge.PASSWORD,))

    assert rules == [finding.rule for finding in loading.findings]
    assert ([] if rules else [forge.certificate()]) == [item.der for item in loading.certificates]


def test_openssl_store_with_a_key(tmp_path: Path) -> None:
    """A PKCS #12 store with a key is refused before any password is tried, encrypted or not."""
    key, root, store = tmp_path / "key.pem", tmp_path / "root.pem", tmp_path / "store.p12"
    key.write_bytes(forge.elliptic().encoded(pem=True))
    root.write_bytes(forge.pem(forge.certificate()))
    command = [
        "env",
        "-i",
        require("openssl"),
        "pkcs12",
        "-export",
        "-inkey",
        str(key),
        "-in",
        str(root),
        "-out",
        str(store),
    ]
    for options in ([], ["-keypbe", "NONE", "-certpbe", "NONE", "-nomac"]):
        subprocess.run([*command, *options, "-passout", "pass:x"], check=True, capture_output=True)

        assert [finding.rule for finding in load([store]).findings] == ["private-key"]


@pytest.mark.parametrize("ciphers", [(), ("-c", "AES-256-CBC", "-C", "AES-256-CBC"), ("-C", "none")])
def test_a_store_of_firefox(ciphers: tuple[str, ...], tmp_path: Path) -> None:
    """NSS writes PKCS #12 in indefinite lengths and pieces: the key in it is found, bare and in base64."""
    root, key = tmp_path / "root.pem", tmp_path / "key.pem"
    root.write_bytes(forge.pem(forge.certificate()))
    key.write_bytes(forge.elliptic().encoded(pem=True))
    source, store = tmp_path / "source.p12", tmp_path / "store.p12"
    made = [
        "pkcs12",
        "-export",
        "-name",
        "a",
        "-in",
        root,
        "-inkey",
        key,
        "-out",
        source,
        "-passout",
        "pass:x",
    ]
    nss = ["env", "-i", require("pk12util"), "-d", f"sql:{tmp_path}", "-K", "throw-away"]
    (tmp_path / "password").write_text("throw-away")
    new = ["-N", "-d", f"sql:{tmp_path}", "-f", tmp_path / "password"]
    for command in (
        [require("openssl"), *made],
        [require("certutil"), *new],
        [*nss, "-i", source, "-W", "x"],
        [*nss, "-o", store, "-n", "a", "-W", "changeit", *ciphers],
    ):
        subprocess.run([*map(str, command)], check=True, capture_output=True)
    data = store.read_bytes()

    assert data.startswith(b"\x30\x80")
    found = [load(["-"], stdin=form).findings for form in (data, base64.encodebytes(data))]
    assert [["private-key"]] * 2 == [[one.rule for one in findings] for findings in found]


def test_a_crash_would_not_show_a_key_either() -> None:
    """The objects that hold an input's bytes leave them out of their own descriptions."""
    described = repr((Input("a", b"secret"), Block("A", Origin("a"), b"secret")))

    assert "secret" not in described

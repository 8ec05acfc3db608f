"""Every kind of private key in every form is found at every door, and nothing else is taken for one."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import random
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from builder.errors import PrivateKeyError
from builder.load import load
from builder.x509 import keys
from tests.lint import forge
from tests.lint.faults import FAULTS
from tests.lint.faults.stores import (
    bag,
    certificate_bag,
    encrypted,
    jks,
    jks_entry,
    pbes2,
    pkcs7,
    pkcs12,
    store,
)
from tests.lint.keyforms import FORMS, bks, bks_entry, indefinite, private_keys
from tests.tools import require
from tests.unit.bundles import MINIMAL_RECIPE

_TRUSTPACK = [sys.executable, "-m", "builder"]
_KEY = forge.elliptic().encoded()
_BODY = base64.b64encode(_KEY).decode()


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_is_found_in_every_form(form: str) -> None:
    """Whichever key it is, and whatever it is written as."""
    missed = [name for name, key in private_keys().items() if not keys.find(FORMS[form](name, key))[0]]

    assert missed == []


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_refused_as_an_input(form: str) -> None:
    """Loading finds the key, and gives nothing else of what the file holds."""
    loading = load(["-"], stdin=FORMS[form]("pkcs8-p256", private_keys()["pkcs8-p256"]))

    assert [finding.rule for finding in loading.findings] == ["private-key"]
    assert loading.certificates == ()


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519", "nistp384", "dsa2048"])
@pytest.mark.parametrize("password", ["", "throw-away"])
def test_gnupg_keys(kind: str, password: str, tmp_path: Path) -> None:
    """Secret keys are found, armoured, binary and as the agent keeps them; public keys are none."""
    clean = ["env", "-i", f"PATH={os.environ['PATH']}", f"GNUPGHOME={tmp_path}"]
    tmp_path.chmod(0o700)
    gpg = [*clean, require("gpg"), "--batch", "--pinentry-mode", "loopback", "--passphrase", password]
    subprocess.run([*gpg, "--quick-gen-key", "a@x.example", kind, "default"], check=True, capture_output=True)
    try:
        for form in ([], ["--armor"]):
            secret = subprocess.run(
                [*gpg, *form, "--export-secret-keys"], check=True, capture_output=True
            ).stdout
            public = subprocess.run([*gpg, *form, "--export"], check=True, capture_output=True).stdout
            for wrapped in (bytes, base64.b64encode, lambda data: b"text\n" + data):
                assert keys.find(wrapped(secret))[0]
                assert keys.find(wrapped(public)) == ("", 0)
    finally:
        subprocess.run([*clean, "gpgconf", "--kill", "gpg-agent"], check=True)
    kept = list((tmp_path / "private-keys-v1.d").iterdir())
    assert kept
    assert all(keys.find(file.read_bytes())[0] for file in kept)


_TEXTS = {
    "putty": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\nAAAA\n"
    f"Private-Lines: 1\n{_BODY[:48]}\n",
    "wireguard": f"[Interface]\nPrivateKey = {base64.b64encode(bytes(range(32))).decode()}\n",
    "jwk": '{"kty": "OKP", "x": "AAAA", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}',
    "jwk-in-javascript": "const key = { kty: 'EC', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }",
    "jwk-in-yaml": "kty: OKP\nx: AAAA\nd: nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\n",
    "xml": f"<RSAKeyValue><Modulus>{_BODY}</Modulus><D>{_BODY}</D></RSAKeyValue>",
    "openssl-text": "Private-Key: (256 bit)\npriv:\n    c4:01:02:03:04:05:06:07:08:09:\n    0a:10\n",
    "dnssec": f"Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: {_BODY[:44]}\n",
    "minisign": "untrusted comment: minisign encrypted secret key\nRWRTY0Iy" + _BODY[:100] + "\n",
    "traditional": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
    f"{_BODY}\n-----END RSA PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("name", _TEXTS)
def test_texts_of_other_programs(name: str) -> None:
    """What has words of its own is found as it is, in JSON and in UTF-16."""
    text = _TEXTS[name]
    escaped = text.replace("\n", "\\n").encode()

    assert [bool(keys.find(data)[0]) for data in (text.encode(), escaped, text.encode("utf-16"))] == [
        True
    ] * 3


def _harmless() -> dict[str, bytes]:
    random_octets = random.Random(8)  # noqa: S311  nothing secret
    public = [key.spki for key in (forge.elliptic(), forge.rsa_key(2048), forge.edwards())]
    ssh = forge.elliptic().private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return {
        "random": random_octets.randbytes(1 << 20),
        "random-base64": base64.encodebytes(random_octets.randbytes(1 << 19)),
        "random-hex": random_octets.randbytes(1 << 18).hex().encode(),
        "certificates": b"".join(
            forge.pem(forge.certificate(key)) for key in (forge.rsa_key(2048), forge.edwards())
        ),
        "public-keys": b"".join(forge.pem(spki, "PUBLIC KEY") for spki in public) + b"".join(public),
        "ssh-public-key": ssh,
        "collection": pkcs7(forge.certificate()),
        "trust-store": pkcs12(certificate_bag(forge.certificate())),
        "sealed-trust-store": store(encrypted(pbes2())),
        "java-trust-store": jks(jks_entry(forge.certificate())),
        "bouncy-castle-trust-store": bks(bks_entry(forge.certificate())),
        "label-alone": b"Put it between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----.\n",
        "label-and-dots": b"-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n",
        "label-and-placeholder": b"-----BEGIN PRIVATE KEY-----\n<your key here>\n-----END PRIVATE KEY-----\n",
        "label-and-letters": b"-----BEGIN PRIVATE KEY-----\n%b\n-----END PRIVATE KEY-----\n" % (b"X" * 64),
        "label-in-code": b'if "-----BEGIN OPENSSH PRIVATE KEY-----" in text:\n    return "openssh"\n',
        # What the cryptography library has, and a program of NSS.
        "prefix-in-code": b"""pkcs8_prefix = b'0.\\x02\\x01\\x000\\x05\\x06\\x03+en\\x04"\\x04 '
        with self.zeroed(48) as octets:
            octets[0:16] = pkcs8_prefix
""",
        "prefix-in-compiled-code": b"\x30\x2e\x02\x01\0\x30\x05\x06\x03+en\x04\x22\x04 \xe90\0\0\0r\x02\0\0\0"
        b"\xe9\x10\0\0\0)\x0fr\xb8\0\0\0r\xf0\0\0\0\xda\x11_zeroed_bytearray",
        "label-in-a-program": b"-----BEGIN RSA PRIVATE KEY\0-----\0Proc-Type: 4,ENCRYPTED\0DEK-Info: \0DES\0"
        + b"some.symbol.name\0" * 9,
        "words": b'"kty" names it; "d" is private. PuTTY-User-Key-File-3: AGE-SECRET-KEY-1... <D> KeyValue>',
        "path-length": b"\x30\x06\x01\x01\xff\x02\x01\x00" * 1000,
        "certificate-request": forge.seq(forge.seq(forge.integer(0), forge.name(), public[0]), public[1]),
    }


@pytest.mark.parametrize("name", _harmless())
def test_what_holds_no_key_is_let_through(name: str) -> None:
    """Nor is any other input a key for being encrypted, random, or about keys."""
    assert keys.find(_harmless()[name]) == ("", 0)


@pytest.mark.parametrize("name", [name for name in FAULTS if not name.startswith("private-key/")])
def test_no_other_fault_is_taken_for_a_key(name: str) -> None:
    """However damaged a file without a key is."""
    assert keys.find(FAULTS[name]) == ("", 0)


@pytest.mark.parametrize(
    "path",
    [
        path
        for root in ("builder", "recipes", "templates", "README.md", "CHANGELOG.md")
        for path in [Path(__file__).parents[2] / root]
    ],
    ids=str,
)
def test_the_built_in_files_hold_no_key(path: Path) -> None:
    """They are not looked through when they are packed, and this is why they need not be."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    assert [file for file in files if keys.find(file.read_bytes())[0]] == []


_ROOT_YAML = "organisation:\n  slug: acme\n{more}bundle:\n  paths: [root.pem]\ntargets: [{target}]\n{last}"
_QUOTED = _BODY[:40] + "\\x" + _BODY[40].encode().hex() + _BODY[41:]  # YAML's own escape
_PRINTED = "0x" + ", 0x".join(f"{octet:02x}" for octet in _KEY)


def _build(
    folder: Path, *, more: str = "", last: str = "", target: str = "npm"
) -> subprocess.CompletedProcess[str]:
    (folder / "root.pem").write_bytes(forge.pem(forge.certificate()))
    (folder / "trustpack.yaml").write_text(_ROOT_YAML.format(more=more, last=last, target=target))
    command = ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={folder}", *_TRUSTPACK, "build"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


_CONFIGURED = {
    "name": f"  name: {_BODY}\n",
    "description": f"  description: {_BODY}\n",
    "description-in-hexadecimal": f"  description: {_PRINTED}\n",
    "description-with-escapes": f'  description: "{_QUOTED}"\n',
    "description-folded": f"  description: >-\n    {_BODY[:50]}\n    {_BODY[50:]}\n",
    "summary-as-a-comment": f"  # {_BODY}\n",
    "contact": f"  contact: {_BODY[:140].replace('/', '')} <pki@acme.example>\n  name: {_BODY}\n",
    "homepage": f"  homepage: https://pki.acme.example/?{_BODY}\n",
}
_LAST = {
    "owner": f"lifecycle:\n  authorities:\n    {'0' * 64}:\n      owner: {_BODY}\n",
    "evidence": f"lifecycle:\n  authorities:\n    {'0' * 64}:\n      evidence: {_BODY}\n",
    "names": f"names:\n  npm: {_BODY}\n",
    "settings": f"settings:\n  npm:\n    a: {_BODY}\n",
}


@pytest.mark.parametrize("place", [*_CONFIGURED, *_LAST])
def test_a_key_in_the_configuration_stops_the_build(place: str, tmp_path: Path) -> None:
    """Exit 5, nothing written, and nothing of the key shown."""
    done = _build(tmp_path, more=_CONFIGURED.get(place, ""), last=_LAST.get(place, ""))

    assert (done.returncode, (tmp_path / "dist").exists()) == (5, False)
    assert _BODY[:16] not in done.stdout + done.stderr


_TEMPLATES = ("der", "pem", "base64-at-2", "hex-in-c", "der-behind-certificate", "pem-in-json", "gzip", "zip")


@pytest.mark.parametrize("form", _TEMPLATES)
@pytest.mark.parametrize("kind", ["pkcs8-p256", "pkcs12", "jks", "bks", "openssh-ed25519"])
@pytest.mark.parametrize("used", [True, False])
def test_a_key_in_a_template_stops_the_build(form: str, kind: str, used: bool, tmp_path: Path) -> None:
    """In a file that is shipped and in one that is not: exit 5, and nothing written."""
    folder = tmp_path / "templates" / "thing"
    folder.mkdir(parents=True)
    (folder / "extra").write_bytes(FORMS[form](kind, private_keys()[kind]))
    (tmp_path / "recipes").mkdir()
    more = "      - path: extra\n        source: extra\n" if used else ""
    recipe = MINIMAL_RECIPE.replace("install:", f"{more}install:")
    (tmp_path / "recipes" / "thing.yaml").write_text(recipe)

    done = _build(tmp_path, target="thing")

    assert (done.returncode, (tmp_path / "dist").exists()) == (5, False), done.stderr


@pytest.mark.parametrize("place", ["install: tar", "verify: ls", "remove: rm"])
def test_a_key_in_a_recipe_stops_the_build(place: str, tmp_path: Path) -> None:
    """What people are told to run is a part of the release, too."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "thing.yaml").write_text(MINIMAL_RECIPE.replace(place, f"{place} {_BODY}"))

    done = _build(tmp_path, target="thing")

    assert (done.returncode, (tmp_path / "dist").exists()) == (5, False), done.stderr


def test_a_key_that_a_template_puts_together_is_found(tmp_path: Path) -> None:
    """What is rendered is looked through, as what it is rendered from."""
    half = len(_BODY) // 2
    folder = tmp_path / "templates" / "thing"
    folder.mkdir(parents=True)
    letters = "".join(f"{{{{ '{_BODY[i : i + 2]}' | text }}}}" for i in range(0, 2 * half, 2))
    (folder / "extra.j2").write_text(letters)
    (tmp_path / "recipes").mkdir()
    more = "      - path: extra\n        template: extra.j2\n"
    (tmp_path / "recipes" / "thing.yaml").write_text(MINIMAL_RECIPE.replace("install:", f"{more}install:"))

    done = _build(tmp_path, target="thing")

    assert (done.returncode, (tmp_path / "dist").exists()) == (5, False), done.stderr


def test_a_key_in_the_lock_stops_the_build(tmp_path: Path) -> None:
    """Its history is told by packages' changelogs."""
    lock = _build(tmp_path)
    assert lock.returncode == 0, lock.stderr
    command = ["env", "-i", f"HOME={tmp_path}", *_TRUSTPACK, "lock"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    file = tmp_path / "trustpack.lock"
    file.write_text(file.read_text().replace("CN=Throw-Away Root", f"CN={_BODY}"))

    assert _build(tmp_path).returncode == 5


def test_a_key_in_the_manifest_of_the_release_before_stops_the_build(tmp_path: Path) -> None:
    """Exit 5, the manifest left as it was, and nothing of the key shown."""
    assert _build(tmp_path).returncode == 0
    file = tmp_path / "dist" / "manifest.json"
    file.write_text(file.read_text().replace("CN=Throw-Away Root", f"CN={_BODY}"))
    before = {path: path.read_bytes() for path in (tmp_path / "dist").iterdir()}

    done = _build(tmp_path)

    assert done.returncode == 5
    assert f"{file.name}:9: holds a PKCS #8 private key\n" in done.stderr
    assert _BODY[:16] not in done.stdout + done.stderr
    assert before == {path: path.read_bytes() for path in (tmp_path / "dist").iterdir()}


_SEALED = {
    "as a certificate": certificate_bag(_KEY),
    "behind a certificate": forge.seq(
        forge.oid("1.2.840.113549.1.12.10.1.3"),
        forge.tlv(
            0xA0,
            forge.seq(
                forge.oid("1.2.840.113549.1.9.22.1"), forge.tlv(0xA0, forge.octets(forge.certificate())), _KEY
            ),
        ),
    ),
    "in an attribute": forge.seq(
        certificate_bag(forge.certificate())[4:],
        forge.tlv(0x31, forge.seq(forge.oid("1.2.840.113549.1.9.20"), forge.tlv(0x31, forge.octets(_KEY)))),
    ),
    "as a key": bag(1, _KEY),
}


@pytest.mark.parametrize("place", _SEALED)
def test_a_key_in_an_encrypted_store_is_found_when_that_opens(place: str) -> None:
    """Wherever in the decrypted part it stands; none of the certificates beside it is taken."""
    bags = forge.seq(certificate_bag(forge.certificate()), _SEALED[place])
    padded = bags + bytes([16 - len(bags) % 16]) * (16 - len(bags) % 16)
    secret = hashlib.pbkdf2_hmac("sha1", b"changeit", b"salt", 1, 32)
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(bytes(16))).encryptor()
    data = store(encrypted(pbes2(), encryptor.update(padded) + encryptor.finalize()))

    loading = load(["-"], stdin=data)

    assert ["private-key"] == [found.rule for found in loading.findings]
    assert loading.certificates == ()


def test_refusing_says_where() -> None:
    """The line of a text is told, and nothing of the key."""
    with pytest.raises(PrivateKeyError, match=r"^a\.txt:3: holds a PKCS #8 private key$") as caught:
        keys.refuse(f"one\ntwo\n{_BODY}\n".encode(), "a.txt", hint="take it out")
    assert _BODY[:12] not in str(caught.value)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_stores_in_indefinite_lengths(size: int) -> None:
    """PKCS #7 and PKCS #12 of Firefox and others give the certificates that they give in DER."""
    der = forge.certificate()
    collection = indefinite(pkcs7(), size).replace(
        b"\x31\x80\0\0\0\0", b"\xa0\x80" + der + b"\0\0\x31\x80\0\0\0\0", 1
    )
    stores = (collection, indefinite(pkcs12(certificate_bag(der)), size))

    found = [[item.der for item in load(["-"], stdin=data).certificates] for data in stores]

    assert found == [[der], [der]]
    assert [load(["-"], stdin=indefinite(pkcs12(bag(1, _KEY)), size)).findings[0].rule] == ["private-key"]


def test_nothing_before_a_key_hides_it() -> None:
    """However much there is that begins like a key, or like what may hold one in pieces."""
    collections = pkcs7(forge.certificate()) * 70
    packets = b"\x04\x60\0\0\0\x01" * 25_000  # version, time and algorithm of OpenPGP keys
    number = b"\x02\0" + b"\xff" * 64
    body = b"\x04\x60\0\0\0\x01" + number + b"\0\x11\x01\0\x01" + b"\0" + number * 4 + b"\0\0"
    secret = b"\xc5\xff" + len(body).to_bytes(4) + body

    found = [
        keys.find(data)[0]
        for data in (collections + private_keys()["pkcs7-with-key-in-pieces"], packets + secret)
    ]

    assert found == ["a PKCS #8 private key", "an OpenPGP private key"]


def test_a_bomb_is_refused_in_bounded_time() -> None:
    """What unpacks to more than can be looked through is refused, as a bomb of bombs is."""
    bomb = gzip.compress(bytes(17 * 1024 * 1024))
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(50):
            archive.writestr(str(number), gzip.compress(bytes(1024 * 1024)))
    endless = io.BytesIO()  # by a method that zipfile unpacks without an upper bound
    with zipfile.ZipFile(endless, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", bytes(1024 * 1024))

    before = time.process_time()
    found = [
        keys.find(data)[0]
        for data in (
            bomb,
            gzip.compress(bomb),
            many.getvalue(),
            zlib.compress(b"") * 30_000,
            endless.getvalue(),
        )
    ]

    assert found == ["more than can be looked through for a private key"] * 5
    assert time.process_time() - before < 20

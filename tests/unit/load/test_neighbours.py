"""What lies beside certificates: passed over in a folder, and called by its name where it was meant."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from pathlib import Path

import pytest

from builder.errors import BundleError
from builder.lint import refuse
from builder.load import load
from builder.x509 import keys
from tests.lint import forge
from tests.lint.keyforms import bks, bks_entry
from tests.tools import require

_DATA = Path(__file__).parents[2] / "data"
_STORES = _DATA / "bouncy-castle"
_ROOT = forge.certificate()
_PEM = forge.pem(_ROOT)
_CHECKSUMS = (_DATA / "signed-checksums-without-a-key.sha256").read_bytes()
_DIGESTS = (_DATA / "utf16-list-of-digests.txt").read_bytes()
_ONE_LINE = base64.b64encode(_PEM).decode()
_ODD = forge.pem(b"\x30\x03\x02\x01\x05", "PGP SIGNATURE").replace(
    b"-----\n", b"-----\nVersion: GnuPG v2\n\n", 1
)

_NEIGHBOURS = {
    "SHA256SUMS.p7m": _CHECKSUMS,
    "digests.txt": _DIGESTS,
    "desktop.ini": "\ufeff[.ShellClassInfo]\r\nIconResource=a.ico,0\r\n".encode("utf-16-le"),
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
    ".DS_Store": b"\0\0\0\1Bud1" + bytes(2000),
    "README": b"our roots\n",
    "index.html": b"<!DOCTYPE html><p>our roots\n",
    "SHA256SUMS": b"ab" * 32 + b"  root.pem\n",
    "SHA256SUMS.asc": _ODD,
    "SHA256SUMS.sig": b"\x89\x01\x33\x04\x00\x01" + bytes(range(200)),
    "root.pem~": _PEM,
    "root.pem.bak": _PEM,
    "#root.pem#": _PEM,
    "root.crl": forge.pem(b"\x30\0", "X509 CRL"),
    "root.csr": forge.pem(b"\x30\0", "CERTIFICATE REQUEST"),
    "root.pub": forge.pem(forge.elliptic().spki, "PUBLIC KEY"),
    "secret.yaml": f"apiVersion: v1\nkind: Secret\ndata:\n  ca.crt: {_ONE_LINE}\n".encode(),
}


@pytest.mark.parametrize("name", _NEIGHBOURS)
def test_a_neighbour_is_passed_over_with_a_warning(name: str, tmp_path: Path) -> None:
    """The certificates beside it are read, and nothing else is."""
    (tmp_path / "root.pem").write_bytes(_PEM)
    (tmp_path / name).write_bytes(_NEIGHBOURS[name])

    loading = load([tmp_path])

    assert [_ROOT] == [certificate.der for certificate in loading.certificates]
    assert [("passed-over", name)] == [
        (found.rule, Path(found.origin.path).name) for found in loading.findings
    ]


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    """A socket, a FIFO and the folder of lost files stop nothing; an unreadable file still does."""
    (tmp_path / "root.pem").write_bytes(_PEM)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "lost+found").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        # A socket's address is shorter than most temporary folders'.
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        rules = [found.rule for found in load([tmp_path]).findings]
    (tmp_path / "dangling.pem").symlink_to("nowhere")

    assert rules == ["passed-over"] * 2 + ["unreadable"] or rules == ["passed-over"] * 3
    assert [found.rule for found in load([tmp_path]).findings if found.rule == "unreadable"]


def test_what_kubernetes_mounts_gives_no_warning(tmp_path: Path) -> None:
    """A ConfigMap's files are links, by way of hidden ones."""
    held = tmp_path / "..2026_11_28"
    held.mkdir()
    (held / "ca.crt").write_bytes(_PEM)
    (tmp_path / "..data").symlink_to(held.name)
    (tmp_path / "ca.crt").symlink_to("..data/ca.crt")

    loading = load([tmp_path])

    assert (len(loading.certificates), loading.findings) == (1, ())


def test_line_ends_of_windows_give_no_warning() -> None:
    """OpenSSL reads them, and so does everybody else; CR alone it does not."""
    assert load(["-"], stdin=_PEM.replace(b"\n", b"\r\n")).findings == ()
    assert load(["-"], stdin=_PEM.replace(b"\n", b"\r\n", 3)).findings == ()
    assert [one.rule for one in load(["-"], stdin=_PEM.replace(b"\n", b"\r")).findings] == ["line-ends"]


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("data", [_PEM, base64.b64encode(_ROOT)])
def test_a_certificate_in_utf_16_is_an_error(coding: str, data: bytes, tmp_path: Path) -> None:
    """In a folder, too; the hint says how to convert it."""
    (tmp_path / "root.pem").write_bytes(data.decode().encode(coding))

    [found] = load([tmp_path]).findings

    assert found.rule == "utf-16"
    assert "iconv -f UTF-16" in found.hint


_NAMED = {
    "LDIF": f"dn: cn=Root,dc=acme\ncACertificate;binary:: {base64.b64encode(_ROOT).decode()}\n".encode(),
    "a Kubernetes Secret": _NEIGHBOURS["secret.yaml"],
    "a Kubernetes ConfigMap": b'{"kind": "ConfigMap", "data": {}}',
    "a kubeconfig": f"clusters:\n- cluster:\n    certificate-authority-data: {_ONE_LINE}\n".encode(),
    "a state of Terraform": b'{"version": 4, "terraform_version": "1.9.0", "outputs": {}}',
    "JSON of Terraform": b'{"ca": {"sensitive": false, "type": "string", "value": "x"}}',
    "JSON of Vault": b'{"request_id": "a", "data": {"x": "y"}}',
    "JSON of the AWS command line": b'{"Certificate": "x"}',
    "a file that SOPS encrypted": b"ca: ENC[AES256_GCM,data:abc]\n",
    "an export of the Windows registry": "\ufeffWindows Registry Editor Version 5.00\r\n".encode("utf-16-le"),
    "an SSH certificate": b"ssh-ed25519-cert-v01@openssh.com AAAAIHNz\n",
    "an SSH public key": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 a@b\n",
    "a signed or encrypted message (S/MIME)": _CHECKSUMS,
    "a file that age encrypted": b"age-encryption.org/v1\n-> X25519 abc\n",
    "a Windows certificate store (.sst)": b"\0\0\0\0CERT\x20\0\0\0" + _ROOT,
    "a database of SQLite, such as cert9.db of NSS": b"SQLite format 3\0" + bytes(100),
    "a BKS key store of Bouncy Castle": bks(bks_entry(_ROOT)),
    "a UBER key store of Bouncy Castle": (_STORES / "store.uber").read_bytes(),
    "a BCFKS key store of Bouncy Castle": (_STORES / "store.bcfks").read_bytes(),
    "an OCSP response": forge.seq(b"\x0a\x01\x00", forge.tlv(0xA0, b"")),
    "a disk image of macOS": bytes(9000) + b"koly" + bytes(508),
    "a keychain of macOS": b"kych\0\1\0\0" + bytes(100),
}


@pytest.mark.parametrize("name", _NAMED)
def test_what_is_refused_is_called_by_its_name(name: str) -> None:
    """Alone, it is an error that says what it is and what to do about it."""
    [found] = load(["-"], stdin=_NAMED[name]).findings

    assert (found.rule, found.message) == ("unknown-format", f"is {name}")
    assert found.hint
    assert "name a PEM" not in found.hint


_WINDOWS = _NEIGHBOURS["desktop.ini"]
_NO_JSON = (_WINDOWS, b"[ default ]\nbits = 2048\n", b"{{ roots }}\n", b"{ see the wiki }\n")


@pytest.mark.parametrize("data", _NO_JSON)
def test_what_only_begins_with_a_bracket_is_not_called_json(data: bytes, tmp_path: Path) -> None:
    """Windows' desktop.ini, OpenSSL's configuration and a template are passed over without a name."""
    (tmp_path / "root.pem").write_bytes(_PEM)
    (tmp_path / "z").write_bytes(data)

    [found] = load([tmp_path]).findings

    assert found.message == "holds no certificate and was passed over"


@pytest.mark.parametrize("data", [b"[]", b" [\n  1]", b'["a"]', b"[null]", b"{}", b'\n{ "a": 1}', b"[{}]"])
def test_json_is_called_json(data: bytes) -> None:
    """Whatever it begins with."""
    [found] = load(["-"], stdin=data).findings

    assert found.message == "is JSON"


def test_each_of_several_has_its_own_way_out() -> None:
    """What a build says of two files that one rule refuses has what to do about each."""
    findings = [*load(["-"], stdin=b"dn: cn=x\n").findings, *load(["-"], stdin=b"kind: Secret\n").findings]

    with pytest.raises(BundleError) as caught:
        refuse(findings)

    assert [f"unknown-format: {found.hint}" for found in findings] == caught.value.hint.splitlines()


@pytest.mark.parametrize("file", ["store.bks", "empty.bks", "store.uber", "store.bcfks"])
def test_a_store_of_bouncy_castle_is_called_by_its_name(file: str) -> None:
    """Those that its release 1.78.1 wrote, with one certificate or none: never a key, which is not seen."""
    [found] = load([_STORES / file]).findings
    kind = file.partition(".")[2].upper()

    assert (found.rule, found.message) == ("unknown-format", f"is a {kind} key store of Bouncy Castle")
    assert f"-storetype {kind}" in found.hint


def test_an_encrypted_key_is_no_bcfks_store() -> None:
    """What such a store wraps is the structure of an encrypted key, alone or in a template a key's form."""
    store = (_STORES / "store.bcfks").read_bytes()
    key = store[4 : 4 + 4 + int.from_bytes(store[6:8])]

    assert [found.rule for found in load(["-"], stdin=key).findings] == ["private-key"]
    assert keys.find(key)[0] == "an encrypted PKCS #8 private key"
    assert keys.find(b"text\n" + store)[0] == "a BCFKS key store, which may have a key"


@pytest.mark.parametrize("name", ["a BKS key store of Bouncy Castle", "a Windows certificate store (.sst)"])
def test_a_store_in_a_folder_is_not_passed_over(name: str, tmp_path: Path) -> None:
    """It may hold the certificate that machines need."""
    (tmp_path / "root.pem").write_bytes(_PEM)
    (tmp_path / "store").write_bytes(_NAMED[name])

    assert [found.rule for found in load([tmp_path]).findings] == ["unknown-format"]


@pytest.mark.parametrize(
    ("label", "what"), [("CERTIFICATE REQUEST", "request"), ("X509 CRL", "revocation list")]
)
def test_other_pem_is_called_by_its_name(label: str, what: str) -> None:
    """A block says by its label what it is."""
    [found] = load(["-"], stdin=forge.pem(b"\x30\0", label)).findings

    assert found.rule == "unknown-label"
    assert what in found.message


def test_what_openssl_streams_is_read(tmp_path: Path) -> None:
    """`openssl cms -stream` writes indefinite lengths; the certificates in it are what they are in DER."""
    root, key, signed = tmp_path / "root.pem", tmp_path / "key.pem", tmp_path / "signed.p7b"
    root.write_bytes(_PEM)
    key.write_bytes(forge.elliptic().encoded(pem=True))
    command = ["env", "-i", require("openssl"), "cms", "-sign", "-stream", "-nodetach", "-outform", "DER"]
    files = ["-in", str(root), "-signer", str(root), "-inkey", str(key), "-out", str(signed)]
    subprocess.run([*command, *files], check=True, capture_output=True)

    assert signed.read_bytes().startswith(b"\x30\x80")
    assert [_ROOT] == [certificate.der for certificate in load([signed]).certificates]

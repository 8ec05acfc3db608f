"""SSH keys and signatures: what ssh-keygen makes counts, and of the rest no more than ssh-keygen takes."""

import base64
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from builder.signing import ssh
from builder.signing.approving import NAMESPACE
from builder.signing.packets import Unsupported
from tests.approvers import Person, covered, person, sshsig, string
from tests.tools import require

TEXT = b"what is approved\n"
ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519
KINDS = {
    "ed25519": "256",
    "ecdsa": "256",
    "ecdsa-384": "384",
    "ecdsa-521": "521",
    "rsa": "2048",
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a key of every kind."""
    program, folder = require("ssh-keygen"), tmp_path_factory.mktemp("keys")
    for name, bits in KINDS.items():
        kind = name.partition("-")[0]
        command = [program, "-q", "-t", kind, "-b", bits, "-N", "", "-C", "a b", "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    return folder


def sign(key: Path, text: bytes = TEXT, *options: str, namespace: str = NAMESPACE) -> bytes:
    """Let ssh-keygen sign."""
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", namespace, *options]
    done = subprocess.run(command, input=text, check=True, capture_output=True)
    return ssh.dearmored(done.stdout.decode())


def agrees(folder: Path, key: str, signature: bytes, text: bytes = TEXT) -> tuple[bool, bool]:
    """Return whether we take a signature for the key's, and whether ssh-keygen does."""
    try:
        ssh.verify(ssh.read_key(key), text, signature, namespace=NAMESPACE)
        ours = True
    except Unsupported:
        ours = False
    body = base64.encodebytes(signature).decode()
    armored = f"-----BEGIN SSH SIGNATURE-----\n{body}-----END SSH SIGNATURE-----\n"
    (folder / "signature").write_text(armored)
    (folder / "allowed").write_text(f"me {key}\n")
    words = ["-f", str(folder / "allowed"), "-I", "me", "-n", NAMESPACE, "-s", str(folder / "signature")]
    done = subprocess.run(
        [require("ssh-keygen"), "-Y", "verify", *words], input=text, check=False, capture_output=True
    )
    return ours, done.returncode == 0


def fields(data: bytes) -> list[bytes]:
    """Return the strings that SSH has written one after the other."""
    found = []
    while data:
        size = int.from_bytes(data[:4])
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


@pytest.mark.parametrize("name", KINDS)
def test_what_ssh_keygen_signs_counts(keys: Path, tmp_path: Path, name: str) -> None:
    """By its key alone, of this text, for this purpose; both digests."""
    key = (keys / f"{name}.pub").read_text()
    read = ssh.read_key(key)
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(keys / name)], check=True, capture_output=True, text=True
    )
    assert said.stdout.split()[1] == read.fingerprint
    assert ssh.read_key(read.text) == read
    other = (keys / ("rsa.pub" if name != "rsa" else "ed25519.pub")).read_text()
    assert agrees(tmp_path, key, sign(keys / name)) == (True, True)
    assert agrees(tmp_path, key, sign(keys / name, TEXT, "-O", "hashalg=sha256")) == (True, True)
    assert agrees(tmp_path, key, sign(keys / name), b"another text\n") == (False, False)
    assert agrees(tmp_path, key, sign(keys / name, namespace="file")) == (False, False)
    assert agrees(tmp_path, other, sign(keys / name)) == (False, False)


def changed(name: str, good: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """Yield signatures that are not the one that was made, and whether ssh-keygen takes them all the same."""
    head = b"SSHSIG\0\0\0\1"
    blob, space, reserved, digest, value = fields(good.removeprefix(head))
    kind, inner = fields(value)

    def made(*parts: bytes) -> bytes:
        return head + b"".join(map(string, parts))

    yield "cut off", good[:-1], False
    yield "goes on", good + b"\0", False
    yield "another version", good.replace(head, b"SSHSIG\0\0\0\2", 1), False
    yield "says what is reserved", made(blob, space, b"x", digest, value), True
    yield "another digest", made(blob, space, reserved, b"sha1", value), False
    yield "another digest's name", made(blob, space, reserved, b"sha256", value), False
    yield "another algorithm", made(blob, space, reserved, digest, string(b"ssh-rsa") + string(inner)), False
    yield "no signature", made(blob, space, reserved, digest, string(kind) + string(b"")), False
    yield "more in it", made(blob, space, reserved, digest, value + string(b"")), False
    yield "zeros", made(blob, space, reserved, digest, string(kind) + string(bytes(len(inner)))), False
    for at in range(0, len(inner), len(inner) // 7):
        flipped = inner[:at] + bytes([inner[at] ^ 1]) + inner[at + 1 :]
        yield f"octet {at}", made(blob, space, reserved, digest, string(kind) + string(flipped)), False
    if name == "ed25519":
        scalar = int.from_bytes(inner[32:], "little") + ORDER
        raised = inner[:32] + scalar.to_bytes(32, "little")
        yield (
            "a scalar that is too high",
            made(blob, space, reserved, digest, string(kind) + string(raised)),
            True,
        )
    elif name == "ecdsa":
        r, s = fields(inner)
        padded = string(b"\0" + r) + string(s)
        yield "a number with a zero", made(blob, space, reserved, digest, string(kind) + string(padded)), True


@pytest.mark.parametrize("name", ["ed25519", "ecdsa", "rsa"])
def test_what_is_changed_counts_no_more(keys: Path, tmp_path: Path, name: str) -> None:
    """Where ssh-keygen takes several encodings of one signature, one of them counts."""
    key, good = (keys / f"{name}.pub").read_text(), sign(keys / name)
    cases = list(changed(name, good))
    found = {what: agrees(tmp_path, key, signature) for what, signature, _ in cases}
    assert {what: (False, theirs) for what, _, theirs in cases} == found


def security_key(kind: str, flags: int) -> tuple[str, bytes]:
    """Return a FIDO security key's public half and what it signs, with flags of its own (PROTOCOL.u2f)."""
    application, tail = b"ssh:", bytes([flags]) + (7).to_bytes(4)
    sign: Callable[[bytes], bytes]
    if kind == ssh.SK_ED25519:
        private = Ed25519PrivateKey.generate()
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        inner = string(private.public_key().public_bytes(*raw))
        sign = private.sign
    else:
        curve = ec.generate_private_key(ec.SECP256R1())
        point = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        inner = string(b"nistp256") + string(curve.public_key().public_bytes(*point))

        def sign(data: bytes) -> bytes:
            pair = utils.decode_dss_signature(curve.sign(data, ec.ECDSA(hashes.SHA256())))
            return b"".join(string(one.to_bytes(one.bit_length() // 8 + 1)) for one in pair)

    blob = string(kind.encode()) + inner + string(application)

    def touched(data: bytes) -> bytes:
        return sign(hashlib.sha256(application).digest() + tail + hashlib.sha256(data).digest())

    made = sshsig(blob, NAMESPACE, string(kind.encode()), TEXT, touched, tail=tail)
    return f"{kind} {base64.b64encode(blob).decode()}", made


@pytest.mark.parametrize("kind", [ssh.SK_ED25519, ssh.SK_ECDSA])
def test_a_security_key_must_be_touched(tmp_path: Path, kind: str) -> None:
    """What it has signed by itself does not count; what says another application, flag or count neither."""
    for flags in (1, 5):
        assert agrees(tmp_path, *security_key(kind, flags)) == (True, True)
    assert agrees(tmp_path, *security_key(kind, 0))[0] is False
    key, good = security_key(kind, 1)
    for wrong in (good[:-1] + b"\1", good[:-5] + b"\5" + good[-4:]):
        assert agrees(tmp_path, key, wrong) == (False, False)
    other, _ = security_key(kind, 1)
    assert agrees(tmp_path, other, good) == (False, False)


def _ed25519(octets: bytes) -> str:
    blob = string(b"ssh-ed25519") + string(octets)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


# RFC 8032's first example, so that each worker of the tests has the same names for its cases.
_ORDINARY = _ed25519(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_ed25519(bytes(32)), "anybody can sign"),
        (_ed25519(b"\1" + bytes(31)), "anybody can sign"),
        (
            _ed25519(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")),
            "anybody",
        ),
        (
            _ed25519(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
            "anybody",
        ),
        (_ed25519(b"\xee" + b"\xff" * 30 + b"\x7f"), "anybody can sign"),
        (_ed25519(b"\2" * 31), "is no whole SSH public key"),
        (_ORDINARY.replace("ssh-ed25519", "ssh-rsa"), "another kind than it says"),
        (_ORDINARY + "=", "is no whole SSH public key"),
        (_ORDINARY.replace("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"), "is of the kind"),
        ('command="x" ' + _ORDINARY, "is no SSH public key on one line"),
        ("ssh-ed25519", "is no SSH public key on one line"),
    ],
)
def test_a_key_that_proves_nothing_is_refused(text: str, said: str) -> None:
    """Points of small order, two encodings of one key, certificates, options."""
    with pytest.raises(Unsupported, match=said):
        ssh.read_key(text)


def test_a_text_that_is_none_of_ssh_keygens_is_no_signature() -> None:
    """Armor is read in its one form."""
    alice = person("alice")
    made = base64.encodebytes(alice.sign("a")).decode()
    for text in ("", made, f"-----BEGIN SSH SIGNATURE-----\n{made[:-3]}\n-----END SSH SIGNATURE-----\n"):
        with pytest.raises(Unsupported):
            ssh.dearmored(text)
    assert isinstance(alice, Person)
    assert covered(NAMESPACE, b"a").startswith(b"SSHSIG")

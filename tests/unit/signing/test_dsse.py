"""Envelopes: one encoding, deterministic signatures, and nothing in them that can be changed."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils

from builder.errors import SignatureError
from builder.signing import dsse, statement_key
from builder.signing.packets import Unsupported
from tests import site_keys as made
from tests.tools import require

TEXT = b'{"_type": "https://in-toto.io/Statement/v1"}\n'
# RFC 6979, A.2.5: P-256 with SHA-256, message "sample". Its s is above half of the order, and so is mirrored.
SECRET = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
R = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
S = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def opened(data: bytes, *generations: int) -> bytes:
    """Return the text in an envelope that the public keys of these generations verify."""
    publics = [made.keyring(number).statement_signers[0].public for number in generations or (1,)]
    return dsse.opened(data, dsse.known(publics), "it")


def test_a_signature_is_the_one_of_the_specification() -> None:
    """RFC 6979's own example, with the lower of the two values for s."""
    private = ec.derive_private_key(SECRET, ec.SECP256R1())
    key = statement_key.statement_key(private.public_key(), statement_key.in_memory(private))
    found = key.sign(b"sample")
    assert utils.decode_dss_signature(found) == (R, ORDER - S)
    assert found == key.sign(b"sample")


def test_no_other_encoding_of_a_signature_counts() -> None:
    """Neither the higher s, nor what is DER to some and not to others."""
    private = ec.derive_private_key(SECRET, ec.SECP256R1())
    public, digest = private.public_key(), hashlib.sha256(b"sample").digest()
    right = utils.encode_dss_signature(R, ORDER - S)
    statement_key.verify(public, right, digest)
    padded = bytes([0x30, right[1] + 1, 0x02, right[3] + 1, 0]) + right[4:]
    for wrong in (utils.encode_dss_signature(R, S), right + b"\0", padded, b"", b"\x30\x00", right[:-1]):
        with pytest.raises(Unsupported):
            statement_key.verify(public, wrong, digest)


def test_an_envelope_is_what_the_specification_says() -> None:
    """The same bytes each time; what is signed has the lengths of type and text."""
    ring = made.keyring(1)
    data = ring.seal(TEXT)
    assert data == ring.seal(TEXT)
    found = json.loads(data)
    assert base64.b64decode(found["payload"], validate=True) == TEXT
    assert found["payloadType"] == "application/vnd.in-toto+json"
    assert dsse.to_sign(b"hello") == b"DSSEv1 28 application/vnd.in-toto+json 5 hello"
    assert opened(data) == TEXT


def test_both_generations_sign_while_one_replaces_the_other() -> None:
    """Whoever knows the older keys alone is told that there is one that is not known."""
    data = made.keyring(2, 1, published=(3,)).seal(TEXT)
    assert [one["keyid"] for one in json.loads(data)["signatures"]] == [
        made.keyring(number).statement_signers[0].fingerprint for number in (2, 1)
    ]
    assert opened(data, 1, 2) == TEXT
    with pytest.raises(SignatureError, match="which is no key that is known"):
        opened(data, 1)


def test_every_other_byte_is_found() -> None:
    """One bit changed anywhere in an envelope, or in the public key, and nothing is verified."""
    data = made.keyring(1).seal(TEXT)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        with pytest.raises(SignatureError, match=r"^it: "):
            opened(bytes(changed))
    public = made.keyring(1).statement_signers[0].public
    for at in range(len(public)):
        changed = bytearray(public)
        changed[at] ^= 1
        with pytest.raises(SignatureError):
            dsse.opened(data, dsse.known([bytes(changed)]), "it")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", ""),
        lambda text: text + "\n",
        lambda text: text.replace('"payload"', '"x": 1, "payload"'),
        lambda text: text.replace('"payloadType"', '"payload": "", "payloadType"'),
        lambda text: text.replace('"payload": "', '"payload": "\\n'),
        lambda text: text.replace("vnd.in-toto", "vnd.other"),
        lambda _: '{"payload": "", "payloadType": "application/vnd.in-toto+json", "signatures": []}',
        lambda _: "[" * 5000,
    ],
)
def test_another_way_to_write_it_down_is_refused(change: object) -> None:
    """What one reader takes for the same, another may not."""
    text = made.keyring(1).seal(TEXT).decode()
    with pytest.raises(SignatureError, match="it: is no envelope that trustpack wrote"):
        opened(change(text).encode())  # type: ignore[operator]


def test_two_signatures_by_one_key_are_refused() -> None:
    """They are one."""
    (key,) = made.keyring(1).statement_signers
    with pytest.raises(SignatureError, match="it: is signed twice by one key"):
        opened(dsse.seal(TEXT, (key, key)))


def test_openssl_alone_verifies_what_is_signed(tmp_path: Path) -> None:
    """ECDSA in an envelope is what every system can verify."""
    (key,) = made.keyring(1).statement_signers
    (tmp_path / "key").write_bytes(key.public)
    (tmp_path / "signature").write_bytes(key.sign(dsse.to_sign(TEXT)))
    command = [require("openssl"), "dgst", "-sha256", "-verify", "key", "-signature", "signature"]
    for text, said in ((TEXT, b"Verified OK\n"), (TEXT + b" ", b"Verification failure\n")):
        done = subprocess.run(
            command, input=dsse.to_sign(text), cwd=tmp_path, env={}, capture_output=True, check=False
        )
        assert said == done.stdout


@pytest.mark.parametrize(
    "data", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"P384"]
)
def test_what_is_no_public_key_is_refused(data: bytes) -> None:
    """Another curve is none of ours."""
    if data == b"P384":
        data = statement_key.pem(ec.generate_private_key(ec.SECP384R1()).public_key())
    with pytest.raises(SignatureError, match="is no public key of P-256 or RSA in PEM"):
        dsse.known([data])

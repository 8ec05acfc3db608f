"""OpenPGP's packets: what is damaged or of another kind is refused, and nothing else is raised."""

import contextlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import SignatureError
from builder.signing import armor, openpgp, packets, verifying
from builder.signing.packets import Unsupported
from tests import site_keys
from tests.tools import require

TIME = 1_795_000_000
RING = site_keys.keyring(1)
CERTIFICATE = RING.openpgp[0].certificate
PUBLIC = openpgp.read_certificate(CERTIFICATE)[0]
SIGNATURE = RING.single(b"data", time=TIME)
MESSAGE = RING.clear("one\ntwo\n", time=TIME)


def spoiled(data: bytes, at: int, value: int, cut: int) -> bytes:
    """Return `data` with another octet at one place, and without its last `cut` octets."""
    at %= len(data)
    changed = data[:at] + bytes([value]) + data[at + 1 :]
    return changed[: len(changed) - cut % len(changed)]


PLACES = {
    "at": st.integers(0, 2000),
    "value": st.integers(0, 255),
    "cut": st.sampled_from([0, 0, 0, 1, 9, 400]),
}


@settings(deadline=None)
@given(**PLACES)
def test_a_spoiled_certificate_is_refused_or_the_same_key(at: int, value: int, cut: int) -> None:
    """Its own signature covers the key, its time and its name."""
    data = spoiled(CERTIFICATE, at, value, cut)
    with contextlib.suppress(Unsupported):
        assert openpgp.read_certificate(data) == openpgp.read_certificate(CERTIFICATE)


@settings(deadline=None)
@given(**PLACES)
def test_a_spoiled_signature_is_refused_or_of_the_same_time(at: int, value: int, cut: int) -> None:
    """What it does not cover of itself changes nothing that is read of it."""
    data = spoiled(SIGNATURE, at, value, cut)
    with contextlib.suppress(Unsupported):
        assert openpgp.verify(PUBLIC, data, openpgp.BINARY, b"data") == TIME


@settings(deadline=None)
@given(**PLACES)
def test_a_spoiled_message_is_refused_or_the_same_text(at: int, value: int, cut: int) -> None:
    """Blanks at line ends are not signed, and not returned."""
    text = spoiled(MESSAGE.encode(), at, value, cut).decode("latin-1")
    with contextlib.suppress(SignatureError):
        assert verifying.opened(text, [PUBLIC], "it") == "one\ntwo\n"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_anything_else_is_refused(data: bytes) -> None:
    """Whatever it is."""
    for read in (
        lambda: openpgp.read_certificate(data),
        lambda: openpgp.verify(PUBLIC, data, openpgp.BINARY, b"data"),
    ):
        with pytest.raises(Unsupported):
            read()
    with pytest.raises(SignatureError):
        verifying.public_keys(data, "it")


def test_what_certifies_a_key_signs_no_data() -> None:
    """A signature of one kind is none of another."""
    found = [one for one in packets.read(CERTIFICATE) if one.kind == 2]
    with pytest.raises(Unsupported, match="of another kind"):
        openpgp.verify(PUBLIC, found[0].whole, openpgp.BINARY, b"data")


@pytest.mark.parametrize(
    "between", ["", "theirs\n", "-----BEGIN PGP SIGNED MESSAGE-----\n\ntheirs\n", MESSAGE]
)
def test_one_message_is_one(between: str) -> None:
    """What stands between two signatures no signature covers, and others may take for the text."""
    assert verifying.opened(MESSAGE, [PUBLIC], "it") == "one\ntwo\n"
    block = MESSAGE[MESSAGE.index("-----BEGIN PGP SIGNATURE") :]
    with pytest.raises(SignatureError, match="it: is no signed message"):
        verifying.opened(f"{MESSAGE}{between}{block}", [PUBLIC], "it")


def test_a_number_that_is_larger_than_the_key_is_refused() -> None:
    """Who serves a site decides what stands in its signatures: it ends no command with a traceback."""
    (signature,) = packets.read(RING.openpgp[0].sign(openpgp.TEXT, armor.to_sign("one\n"), time=TIME))
    start = len(signature.body) - site_keys.BITS // 8 - 2
    larger = packets.packet(signature.kind, signature.body[:start] + packets.number(1 << site_keys.BITS * 2))
    with pytest.raises(SignatureError, match="none of the keys"):
        verifying.opened(armor.message("one\n", [larger]), [PUBLIC], "it")


@pytest.mark.parametrize(("modulus", "exponent"), [(1, 1), (1, 2), (1, 0), (0, 65537)])
def test_numbers_that_are_no_key_are_refused(modulus: int, exponent: int) -> None:
    """With exponent 1, everybody could sign."""
    key = openpgp.PublicKey((1 << site_keys.BITS) + modulus, exponent, 1)
    with pytest.raises(Unsupported, match="is no RSA key"):
        openpgp.read_certificate(packets.packet(openpgp.PUBLIC_KEY, key.body))


def test_keys_that_end_or_are_revoked_or_short_are_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """As gpg makes them: a site signed by one would be refused some day, or is already."""
    require("gpg")
    home = tmp_path_factory.mktemp("h")
    home.chmod(0o700)

    def gpg(*words: str, data: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
        return subprocess.run(command, input=data, check=True, capture_output=True).stdout

    def made(name: str, kind: str, end: str) -> bytes:
        gpg("--passphrase", "", "--quick-gen-key", name, kind, "sign", end)
        return gpg("--export", "--export-options", "export-minimal", name)

    try:
        with pytest.raises(Unsupported, match="ends some day"):
            openpgp.read_certificate(made("ends", "rsa2048", "1y"))
        with pytest.raises(Unsupported, match="has fewer than 2048 bits"):
            openpgp.read_certificate(made("short", "rsa1024", "never"))
        assert openpgp.read_certificate(made("good", "rsa2048", "never"))[1] == "good"
        (revocation,) = [path for path in (home / "openpgp-revocs.d").iterdir() if _is_of(gpg, path, "good")]
        gpg("--import", data=revocation.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))
        with pytest.raises(Unsupported, match="is revoked"):
            openpgp.read_certificate(gpg("--export", "--export-options", "export-minimal", "good"))
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


def _is_of(gpg: object, revocation: Path, name: str) -> bool:
    listed: bytes = gpg("--with-colons", "--list-keys", name)  # type: ignore[operator]
    return revocation.stem.encode() in listed

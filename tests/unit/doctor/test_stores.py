"""What the doctor reads of bytes that anybody wrote: certificates or nothing, and no error of its own."""

from __future__ import annotations

import datetime as dt
import functools
import random

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.doctor import here
from builder.prove import authority
from builder.x509 import java_store
from builder.x509.trusted import trusted_pem

der, stores, rows, expected = (here.load(part) for part in ("der", "stores", "rows", "expected"))
_P12, _BAG = (getattr(stores, name) for name in ("_P12", "_CERT_BAG"))
_NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


@functools.cache
def _certificate() -> bytes:
    return authority.create("Acme Root", now=_NOW).certificate.public_bytes(Encoding.DER)


@functools.cache
def _samples() -> dict[str, bytes]:
    """Return each kind of store with the certificate in it."""
    pem = authority.create("Acme Root", now=_NOW)
    octets = pem.certificate.public_bytes(Encoding.DER)
    bag = _BAG + b"\xa0\x82" + (len(octets) + 4).to_bytes(2, "big")
    return {
        "der": octets,
        "pem": pem.pem,
        "trusted": trusted_pem(octets).encode(),
        "jks": java_store.write([("acme", octets)], password="changeit", epoch=0),  # noqa: S106  Java's own
        "pkcs12": b"\x30\x82\xff\xff" + _P12 + bag + b"\x04\x82" + len(octets).to_bytes(2, "big") + octets,
    }


def _read(data: bytes) -> list[bytes] | None:
    """Return what is read, and nothing where it is said to be damaged."""
    try:
        found: list[bytes] | None = stores.read(data)
    except stores.DamagedError:
        return None
    return found


@pytest.mark.parametrize("kind", ["der", "pem", "trusted", "jks", "pkcs12"])
def test_each_kind_of_store_gives_its_certificate(kind: str) -> None:
    """And that one's own fields."""
    (found,) = stores.read(_samples()[kind])
    read = der.certificate(found)
    assert (der.subject(read.subject), read.not_before[:8], len(read.key_id)) == (
        "CN=Acme Root",
        "20261129",
        20,
    )


@given(data=st.binary(max_size=400))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    """As they are, and with the beginning of each kind."""
    for start in (
        b"",
        b"\x30\x82",
        b"\xfe\xed\xfe\xed\0\0\0\2",
        b"-----BEGIN CERTIFICATE-----\n",
        _P12,
    ):
        found = _read(start + data)
        assert found is None or isinstance(found, list)
        der.attributes(start + data)
        stores.rejected(start + data)


def test_damaged_stores_are_read_without_an_error() -> None:
    """Each sample with bytes changed, left out and doubled: what it gives is judged as well."""
    chance = random.Random(1)  # noqa: S311  the same each time
    wanted = expected.Expected("acme", "1", list(expected.of_certificates([_certificate()]).values()), {})
    judge = rows.Judge(wanted, "20261130000000")
    for data in _samples().values():
        for _ in range(400):
            changed = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(changed))
                changed[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
            states, _extra = judge.states(_read(bytes(changed)) or [])
            assert set(states.values()) <= {"missing", "valid", "rotate", "pre-valid", "expired"}


def test_absurd_lengths_end_at_once() -> None:
    """Lengths of gigabytes, of four thousand million entries, and lengths that have no end."""
    for data in (
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80" + b"\x30\x80" * 10_000,
        b"\xfe\xed\xfe\xed\0\0\0\2\xff\xff\xff\xff" + b"\0" * 100,
        b"-----BEGIN CERTIFICATE-----\n" * 50_000,
        _BAG * 50_000,
    ):
        assert not _read(data)


def test_a_certificate_of_the_same_name_is_another_one() -> None:
    """Rotate where it is in the CA's place, extra where it is beside it."""
    ours, namesake = _certificate(), _samples()["der"]
    wanted = expected.Expected("acme", "1", list(expected.of_certificates([ours]).values()), {})
    judge = rows.Judge(wanted, "20261130000000")

    def state(*held: bytes, replaces: bool = True) -> str:
        (found,) = judge.states(held, replaces)[0].values()
        return str(found)

    assert [state(ours), state(namesake), state(), state(replaces=False)] == [
        "valid",
        "rotate",
        "missing",
        "absent",
    ]
    assert len(judge.states([ours, namesake])[1]) == 1

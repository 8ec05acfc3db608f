"""Java's trust stores: written to fixed bytes, and read back."""

from __future__ import annotations

import hashlib

import pytest

from builder.formats import jks
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed
from builder.load.jks import read
from builder.model import File, Origin
from tests.unit import bundles
from tests.unit.formats.packages import package

_PEMS = [one.pem.encode() for one in bundles.bundle("Acme One", "Acme Two").certificates]


def test_each_certificate_has_its_files_name() -> None:
    """In lower case, as Java looks aliases up; of a file with several, each has a number."""
    data = jks.write(package("jks", File("One.pem", _PEMS[0]), File("both.pem", b"".join(_PEMS))))
    found = jks.unpack("x.jks", data)
    assert [entry.path for entry in found.entries] == ["one.pem", "both-1.pem", "both-2.pem"]
    assert [entry.data for entry in found.entries] == [_PEMS[0], *_PEMS]
    assert len([*read(data, Origin("x"), ["changeit"])]) == 3


def test_the_same_package_is_the_same_bytes() -> None:
    """No salt, and the date of the release."""
    first, second = (jks.write(package("jks", File("one.pem", _PEMS[0]))) for _ in range(2))
    assert first == second
    keyed = "changeit".encode("utf-16-be") + b"Mighty Aphrodite" + first[:-20]
    assert hashlib.sha1(keyed, usedforsecurity=False).digest() == first[-20:]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([File("a.pem", b"no certificate")], "holds no certificate"),
        ([File("A.pem", _PEMS[0]), File("a.pem", _PEMS[1])], "two certificates have the alias 'a'"),
    ],
    ids=["none", "twice"],
)
def test_what_no_store_can_hold_is_refused(files: list[File], said: str) -> None:
    """The error names it."""
    with pytest.raises(Unwritable, match=said):
        jks.write(package("jks", *files))


def test_a_damaged_store_is_malformed() -> None:
    """Cut off anywhere, or with any byte changed."""
    data = jks.write(package("jks", File("one.pem", _PEMS[0])))
    assert jks.recognises(data)
    for end in range(8, len(data), 5):
        with pytest.raises(Malformed):
            jks.unpack("x.jks", data[:end])
    for at in range(8, len(data), 11):
        with pytest.raises(Malformed):
            jks.unpack("x.jks", data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])

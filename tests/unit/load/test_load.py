"""Loading: files, folders and standard input, and what becomes of each."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.errors import PrivateKeyError
from builder.lint import refuse
from builder.load import load
from builder.load.source import MAX_BYTES, MAX_CERTIFICATES, MAX_FILES
from tests.lint import forge
from tests.lint.faults.stores import certificate_bag, jks, jks_entry, mac, pkcs7, pkcs12
from tests.tools import require_linux

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST = forge.certificate()
_SECOND = forge.certificate(forge.elliptic(8), subject=forge.name("Throw-Away Second Root"))
_PEM = forge.pem(_FIRST) + forge.pem(_SECOND)
_MEASURE = """
import json, sys
from builder.load import load
rules = [finding.rule for finding in load(sys.argv[1:]).findings]
# Not by getrusage, whose peak a program has from the one that started it.
[peak] = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([rules, peak]))
"""


def _rules(*inputs: str | Path, stdin: bytes = b"", passwords: tuple[str, ...] = ()) -> list[str]:
    return [finding.rule for finding in load(inputs, stdin=stdin, passwords=passwords).findings]


def test_a_certificate_is_described_with_its_place(tmp_path: Path) -> None:
    """A certificate's fields, its fingerprint and its line are read exactly."""
    path = tmp_path / "roots.pem"
    path.write_bytes(_PEM)

    loading = load([path])

    first, second = loading.certificates
    assert loading.findings == ()
    assert (first.der, second.der) == (_FIRST, _SECOND)
    assert (f"{path}:1", f"{path}:11") == (str(first.origin), str(second.origin))
    assert (first.subject, first.label, first.key) == (
        "CN=Throw-Away Root",
        "Throw-Away Root",
        "EC secp256r1",
    )
    assert (first.not_before, first.not_after, first.serial) == (forge.BEGIN, forge.END, 4711)
    assert first.self_issued
    assert first.pem == forge.pem(_FIRST).decode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("pem", _PEM),
        ("PKCS #7 DER", pkcs7(_FIRST, _SECOND)),
        ("PKCS #7 PEM", forge.pem(pkcs7(_FIRST, _SECOND), "PKCS7")),
        ("CMS PEM", forge.pem(pkcs7(_FIRST, _SECOND), "CMS")),
        ("PKCS #12", pkcs12(certificate_bag(_FIRST), certificate_bag(_SECOND))),
        ("JKS", jks(jks_entry(_FIRST), jks_entry(_SECOND))),
        ("JKS with no password", jks(jks_entry(_FIRST), jks_entry(_SECOND), password="")),
        ("JCEKS", jks(jks_entry(_FIRST), jks_entry(_SECOND), magic=0xCECECECE)),
    ],
)
def test_the_content_tells_the_format(name: str, data: bytes) -> None:
    """Every format is recognised by its content alone, and gives the same certificates."""
    loading = load(["-"], stdin=data)

    assert (name, [_FIRST, _SECOND]) == (name, [certificate.der for certificate in loading.certificates])
    assert loading.findings == ()


def test_one_certificate_in_der() -> None:
    """A bare DER certificate is read."""
    assert [certificate.der for certificate in load(["-"], stdin=_FIRST).certificates] == [_FIRST]


def test_an_est_answer_is_read() -> None:
    """Base64 of PKCS #7 without markers, as RFC 7030 has it for /cacerts, is read with a warning."""
    loading = load(["-"], stdin=forge.base64_lines(pkcs7(_FIRST, _SECOND)))

    assert [certificate.der for certificate in loading.certificates] == [_FIRST, _SECOND]
    assert [finding.rule for finding in loading.findings] == ["bare-base64"]


def test_text_may_begin_with_the_octet_of_der() -> None:
    """A text whose first character is the digit 0, which is also DER's first octet, is read as text."""
    loading = load(["-"], stdin=b"0 comments\n" + forge.pem(_FIRST))

    assert [certificate.der for certificate in loading.certificates] == [_FIRST]
    assert [finding.rule for finding in loading.findings] == ["text-outside"]


def test_a_store_opens_with_one_of_the_passwords() -> None:
    """A trust store is opened by whichever password fits, and by none of the defaults once there are some."""
    store = jks(jks_entry(_FIRST), password="geheim")  # noqa: S106

    assert _rules("-", stdin=store) == ["password-needed"]
    assert _rules("-", stdin=store, passwords=("wrong", "geheim")) == []
    assert _rules("-", stdin=jks(jks_entry(_FIRST)), passwords=("wrong",)) == ["password-needed"]


def test_a_folder_is_read_one_level_deep_in_order(tmp_path: Path) -> None:
    """A folder's files are read sorted by name; what is passed over is said."""
    (tmp_path / "b.crt").write_bytes(forge.pem(_FIRST))
    (tmp_path / "a.der").write_bytes(_SECOND)
    (tmp_path / "README").write_text("our roots\n")
    (tmp_path / ".hidden.pem").write_bytes(_PEM)
    (tmp_path / "old").mkdir()
    (tmp_path / "link.pem").symlink_to(tmp_path / "b.crt")

    loading = load([tmp_path])

    assert [certificate.der for certificate in loading.certificates] == [_SECOND, _FIRST, _FIRST]
    assert {("passed-over", name) for name in (".hidden.pem", "README", "old")} == {
        (finding.rule, Path(finding.origin.path).name) for finding in loading.findings
    }


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b\x08\0",
        b"PK\x03\x04",
        b"BZh91AY&SY",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"key.pem".ljust(257, b"x") + b"ustar\x0000",
        b"key.pem".ljust(257, b"\0") + b"ustar\x0000",
    ],
)
def test_an_archive_in_a_folder_is_not_passed_over(data: bytes, tmp_path: Path) -> None:
    """An archive can hold a key or a certificate that nobody sees, so it is an error."""
    (tmp_path / "root.pem").write_bytes(forge.pem(_FIRST))
    (tmp_path / "roots.tar").write_bytes(data)

    assert _rules(tmp_path) == ["unknown-format"]


@pytest.mark.parametrize("text", [forge.elliptic().encoded().hex(), "MC4CAQAwBQYDK2VwBCIEI" + "B" * 43])
def test_a_key_in_a_file_that_would_be_passed_over_is_found(text: str, tmp_path: Path) -> None:
    """Whatever a folder holds is looked through for keys, before it is passed over."""
    (tmp_path / "root.pem").write_bytes(forge.pem(_FIRST))
    (tmp_path / "notes.txt").write_text(f"once the CA was\n{text}\n")

    assert _rules(tmp_path) == ["private-key"]


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    """An empty folder holds no certificate, and says so."""
    assert _rules(tmp_path) == ["no-certificates"]


def test_a_broken_file_in_a_folder_is_an_error(tmp_path: Path) -> None:
    """What looks like a certificate is not passed over in a folder."""
    (tmp_path / "a.pem").write_bytes(forge.pem(_FIRST)[:200])

    assert _rules(tmp_path) == ["unbalanced-markers", "text-outside", "no-final-newline"]


def test_relative_paths_start_from_the_folder(tmp_path: Path) -> None:
    """A relative path is relative to the folder given, which is the configuration's."""
    (tmp_path / "roots.pem").write_bytes(_PEM)

    assert len(load(["roots.pem"], folder=tmp_path).certificates) == 2


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A missing file, a dangling link and a path with a NUL are errors that name the path."""
    (tmp_path / "dangling").symlink_to("nowhere")

    assert _rules(tmp_path / "missing") == ["unreadable"]
    assert _rules(tmp_path / "dangling") == ["unreadable"]
    assert _rules("a\0b") == ["unreadable"]


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A FIFO without a writer and a device without an end stop nothing."""
    os.mkfifo(tmp_path / "fifo")

    assert _rules(tmp_path / "fifo") == ["not-a-file"]
    assert _rules("/dev/zero") == ["not-a-file"]


def test_a_file_that_waits_for_its_content_is_none() -> None:
    """The kernel's log says that it is a regular file, and has nothing to read until something happens."""
    if os.geteuid():
        pytest.skip("only root may open /proc/kmsg")
    # What was there is gone after the first look, so the second has to wait.
    load(["/proc/kmsg"])

    assert _rules("/proc/kmsg")[0] in {"not-a-file", "unreadable"}


def test_a_folder_is_read_file_by_file_and_bounded(tmp_path: Path) -> None:
    """A folder of the largest files takes the memory of a few, and is refused when it holds too much."""
    require_linux()
    (tmp_path / "0.pem").write_bytes(forge.pem(_FIRST))
    for number in range(1, 40):
        with (tmp_path / f"{number}.bin").open("wb") as stream:
            stream.truncate(MAX_BYTES)
    clean = ["env", "-i", f"PYTHONPATH={Path(__file__).parents[3]}", sys.executable, "-c", _MEASURE]

    done = subprocess.run([*clean, str(tmp_path)], capture_output=True, check=True)

    rules, kilobytes = json.loads(done.stdout)
    assert {*rules[:-1]} == {"passed-over"}
    assert rules[-1] == "too-large"
    assert kilobytes < 100 * 1024


@pytest.mark.parametrize("encode", [bytes, base64.b64encode])
def test_a_folder_of_stores_is_bounded(encode: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """A folder of PKCS #12 stores, each of which asks for hashing, is not read on without end."""
    store = encode(pkcs12(certificate_bag(_FIRST), integrity=mac(1)))
    for number in range(40):
        (tmp_path / f"{number}.p12").write_bytes(store)

    rules = [rule for rule in _rules(tmp_path) if rule != "bare-base64"]

    assert rules == ["password-needed"] * 32 + ["too-many"]


def test_sizes_and_counts_are_bounded(tmp_path: Path) -> None:
    """Files, standard input, folders and bundles that are too large are refused."""
    large = tmp_path / "large"
    with large.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    many = tmp_path / "many"
    many.mkdir()
    for number in range(MAX_FILES + 1):
        (many / str(number)).touch()

    assert _rules(large) == ["too-large"]
    assert _rules("-", stdin=bytes(MAX_BYTES + 1)) == ["too-large"]
    assert _rules(many) == ["too-many"]
    loading = load(["-"], stdin=forge.pem(_FIRST) * (MAX_CERTIFICATES + 2))
    assert len(loading.certificates) == MAX_CERTIFICATES
    assert [finding.rule for finding in loading.findings] == ["too-many"]


def test_a_private_key_has_its_own_exit_code() -> None:
    """A private key stops everything with an error class and exit code of its own."""
    loading = load(["-"], stdin=_PEM + forge.pem(forge.elliptic().encoded(), "PRIVATE KEY"))

    with pytest.raises(PrivateKeyError) as caught:
        refuse(loading.findings)

    assert caught.value.exit_code == 5
    assert str(caught.value) == "<stdin>:21: holds a private key [private-key]"

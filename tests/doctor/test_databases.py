"""NSS databases as NSS' own programs make them, and as somebody hostile would."""

from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from builder.prove import authority
from tests.doctor.asking import accepts
from tests.doctor.machine import Machine, state
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Authority
    from builder.prove.server import Listener


def _certutil(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [require("certutil"), "-d", f"sql:{folder}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": str(folder)})


def _database(root: Path) -> Path:
    """Make an empty database of a user's, as Chromium would."""
    folder = root / "home/ann/.pki/nssdb"
    folder.mkdir(parents=True)
    assert _certutil(folder, "-N", "--empty-password").returncode == 0
    return folder


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        ("C,,", "valid"),
        ("CT,C,C", "valid"),
        (",,", "absent"),
        ("T,,", "absent"),
        ("p,,", "absent"),
        (",C,C", "absent"),
    ],
)
def test_only_what_is_trusted_for_servers_counts(
    tmp_path: Path, acme: Authority, pem: Path, trust: str, expected: str
) -> None:
    """The database's own verdict on a server's certificate is the doctor's: not each CA in it counts."""
    folder = _database(tmp_path)
    assert _certutil(folder, "-A", "-n", "acme", "-t", trust, "-i", str(pem)).returncode == 0
    leaf = authority.issue(acme, ["localhost"], now=dt.datetime.now(dt.UTC))
    [octets] = [one.public_bytes(Encoding.PEM) for one in x509.load_pem_x509_certificates(leaf.chain)[:1]]
    (tmp_path / "leaf.pem").write_bytes(octets)
    assert _certutil(folder, "-A", "-n", "leaf", "-t", ",,", "-i", str(tmp_path / "leaf.pem")).returncode == 0
    row = Machine(str(tmp_path)).row("nss", "Chromium's own database", acme)
    assert (state(row), row["effective"], row["user"]) == (expected, True, "ann")
    verdict = _certutil(folder, "-V", "-n", "leaf", "-u", "V")
    assert (verdict.returncode == 0) is (expected == "valid"), verdict.stderr


@pytest.mark.long  # three starts of a browser
def test_chromium_trusts_as_the_doctor_says(
    tmp_path: Path, acme: Authority, server: Listener, pem: Path
) -> None:
    """A CA in a user's own database counts for Chromium, as long as it is trusted there."""
    folder = _database(tmp_path)
    home = folder.parents[1]
    machine = Machine(below=[tmp_path / "nothing"], homes=[home])
    words = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/profile",
        "--dump-dom",
    ]
    ask: list[str | Path] = ["timeout", "60", require("chromium"), *words, "{url}"]
    said, done = [], []
    for change in (
        (),
        ("-A", "-n", "acme", "-t", "C,,", "-i", str(pem)),
        ("-M", "-n", "acme", "-t", ",,"),
    ):
        if change:
            assert _certutil(folder, *change).returncode == 0
        said.append(state(machine.row("nss", "Chromium", acme)) == "valid")
        done.append(accepts(server, ask, {"HOME": str(home)}))
    assert said == done == [False, True, False]


def test_a_database_of_many_pages_is_read_whole(tmp_path: Path, acme: Authority, pem: Path) -> None:
    """Trees of several levels and values in overflow pages are SQLite's daily work."""
    folder = _database(tmp_path)
    for number in range(60):
        ca = authority.create(f"Root {number} " + "of a long name " * 3, now=dt.datetime.now(dt.UTC))
        (tmp_path / "one.pem").write_bytes(ca.pem)
        assert (
            _certutil(
                folder, "-A", "-n", f"n{number}", "-t", "C,,", "-i", str(tmp_path / "one.pem")
            ).returncode
            == 0
        )
    assert _certutil(folder, "-A", "-n", "acme", "-t", "C,,", "-i", str(pem)).returncode == 0
    row = Machine(str(tmp_path)).row("nss", "Chromium", acme)
    assert (state(row), row["certificates"]) == ("valid", 61)


def test_the_newer_form_of_trust_is_read(tmp_path: Path, acme: Authority) -> None:
    """Firefox of 2026 writes objects of PKCS#11 3.2: made here with the columns and values that it writes."""
    folder = tmp_path / "home/ann/.mozilla/firefox/abc.default"
    folder.mkdir(parents=True)
    certificate = acme.certificate
    der = certificate.public_bytes(Encoding.DER)
    columns = "a0, a11, a81, a82, a8c, a62c, a635"
    with sqlite3.connect(folder / "cert9.db") as database:
        database.execute(f"CREATE TABLE nssPublic (id PRIMARY KEY UNIQUE ON CONFLICT ABORT, {columns})")
        row = "INSERT INTO nssPublic VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        names = (certificate.issuer.public_bytes(), b"\x02\x01\x07")
        database.execute(row, (1, b"\0\0\0\1", der, *names, None, None, None))
        database.execute(row, (2, b"\0\0\0\x0b", None, *names, b"\0\0\2\x50", b"\0\0\0\2", None))
    database.close()
    found = Machine(str(tmp_path)).row("nss", "Firefox's profile", acme)
    assert state(found) == "valid"


def _view(database: sqlite3.Connection) -> None:
    database.execute(
        "CREATE VIEW nssPublic AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
        "SELECT id FROM n"
    )


def _computed(database: sqlite3.Connection) -> None:
    database.execute(
        "CREATE TABLE nssPublic (id PRIMARY KEY UNIQUE ON CONFLICT ABORT, a0, "
        "a11 AS (zeroblob(900000000)), a81, a82)"
    )
    database.execute("INSERT INTO nssPublic (id, a0) VALUES (1, x'00000001')")


def _empty(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE other (id)")


@pytest.mark.parametrize("make", [_view, _computed, _empty], ids=["view", "computed", "empty"])
def test_a_hostile_database_is_an_error_and_nothing_else(
    tmp_path: Path, acme: Authority, make: object
) -> None:
    """What NSS would not have made is said to be so; none of it is computed."""
    assert callable(make)
    folder = tmp_path / "home/ann/.pki/nssdb"
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "cert9.db") as database:
        make(database)
    database.close()
    found = Machine(str(tmp_path)).look(acme)
    [row] = [row for row in found["rows"] if row["kind"] == "nss"]
    assert (row["effective"], row["certificates"]) == (None, None)
    assert [each["why"] for each in found["unreadable"]] == ["has no table of certificates as NSS makes it"]
    assert found["complete"]  # it is in a home


def test_a_damaged_database_never_hangs_or_crashes(tmp_path: Path, acme: Authority, pem: Path) -> None:
    """Each of many damages is read, or said; the doctor itself stays whole."""
    folder = _database(tmp_path)
    assert _certutil(folder, "-A", "-n", "acme", "-t", "C,,", "-i", str(pem)).returncode == 0
    whole = (folder / "cert9.db").read_bytes()
    for number in range(60):
        broken = bytearray(whole)
        # In its headers and pointers above all: the first page, and the others' beginnings.
        at = (number * 37) % 600 if number % 2 else (number * 4096 + number * 7) % len(whole)
        broken[at : at + 4] = bytes([255 - number, number, 0, 255])
        home = tmp_path / f"home/user{number}/.pki/nssdb"
        home.mkdir(parents=True)
        (home / "cert9.db").write_bytes(broken if number % 5 else broken[: len(whole) // 2])
    rows = Machine(str(tmp_path)).rows("nss", acme)
    assert len(rows) == 61
    assert {row["effective"] for row in rows} == {True, None}


def test_an_old_database_is_said_not_to_count(tmp_path: Path, acme: Authority) -> None:
    """No client reads cert8.db any more."""
    folder = tmp_path / "home/ann/.mozilla/firefox/old"
    folder.mkdir(parents=True)
    (folder / "cert8.db").touch()
    assert Machine(str(tmp_path)).row("nss", "Firefox", acme)["effective"] is False

"""Changelogs: every release of the lock, in the words and the shape that Debian and RPM read."""

import datetime as dt
import subprocess
from pathlib import Path

from builder import changelog
from builder.lock import Issue, Lock, Named
from builder.model import Revision
from tests.tools import require
from tests.unit import bundles

A, B = (Named(sha256=letter * 64, subject=f"CN=Root {letter}") for letter in "ab")
LOCK = Lock(
    organisation="acme",
    certificates=[],
    history=[
        Issue(release="20270106", date="2027-01-06", content="0" * 64),
        Issue(release="20270105", date="2027-01-05", content="1" * 64, removed=[A], distrusted=[A]),
        Issue(release="20261124", date="2026-11-24", content="2" * 64, added=[A, B]),
    ],
)


def test_each_release_of_a_lock_has_its_notes() -> None:
    """Newest first; one that changed no CA says so."""
    assert changelog.of_lock(LOCK) == (
        Revision("20270106", "2027-01-06", ("The same certificates.",)),
        Revision(
            "20270105",
            "2027-01-05",
            ("No longer trust CN=Root a (aaaaaaaaaaaaaaaa).", "Distrust CN=Root a (aaaaaaaaaaaaaaaa)."),
        ),
        Revision(
            "20261124",
            "2026-11-24",
            ("Trust CN=Root a (aaaaaaaaaaaaaaaa).", "Trust CN=Root b (bbbbbbbbbbbbbbbb)."),
        ),
    )


def test_without_a_lock_there_is_one_entry() -> None:
    """About the release itself."""
    bundle = bundles.bundle("One", "Two")
    (found,) = changelog.of_release("1", dt.date(2026, 1, 2), bundle)
    assert found == Revision("1", "2026-01-02", ("Trust 2 CA certificates.",))


def test_dpkg_reads_the_debian_changelog(tmp_path: Path) -> None:
    """Version, date and maintainer of every entry; a long note is wrapped, and none can start an entry."""
    long = Revision("3", "2027-02-03", ("Trust CN=x\\u000a -- Me " + "word " * 40 + ".",))
    history = (long, *changelog.of_lock(LOCK))
    text = changelog.debian(history, name="acme-ca-certs", maintainer="Acme <pki@acme.example>")
    assert max(map(len, text.splitlines())) <= 80
    file = tmp_path / "changelog"
    file.write_text(text, "utf-8")
    command = [require("dpkg-parsechangelog"), "-l", str(file), "--all", "-S"]
    found = {
        field: subprocess.run(
            [*command, field], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
        ).stdout
        for field in ("Version", "Date", "Maintainer", "Timestamp")
    }
    assert found["Version"].split() == ["3"]
    assert found["Date"].strip() == "Wed, 03 Feb 2027 00:00:00 +0000"
    assert found["Timestamp"].strip() == "1801612800"
    assert found["Maintainer"].strip() == "Acme <pki@acme.example>"
    versions = subprocess.run(
        [require("dpkg-parsechangelog"), "-l", str(file), "--all", "--format", "rfc822", "-S", "Changes"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    ).stdout
    assert [
        version for version in ("3", "20270106", "20270105", "20261124") if f"({version})" in versions
    ] == [
        "3",
        "20270106",
        "20270105",
        "20261124",
    ]

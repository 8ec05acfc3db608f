"""Release notes: what changed, what expires, and nothing that Markdown would take for its own."""

import datetime as dt

from msgspec.structs import replace

from builder.lifecycle.history import ReleaseRecord
from builder.model import Bundle, CertificateSummary
from builder.provenance import notes
from builder.provenance.notes import TrustChanges
from builder.provenance.statement import StatedApproval
from tests.unit import bundles
from tests.unit.artifacts import artifact, describe

BUNDLE = Bundle(
    bundles.bundle("Acme Root", "Acme Root 2").certificates, bundles.bundle("Stolen").certificates
)
MANIFEST = describe(artifact("a-1.deb"), bundle=BUNDLE)
FIRST, SECOND = MANIFEST.certificates
STOLEN = replace(MANIFEST.distrusted[0], evidence="INC-1 [see](https://evil.example)")
GONE = CertificateSummary(sha256="9" * 64, subject="CN=Old *Root*")
HISTORY = (
    ReleaseRecord("2", "2026-11-24", "", added=(SECOND,), removed=(GONE,), distrusted=(STOLEN,)),
    ReleaseRecord("1", "2026-10-24", "", added=(FIRST, GONE)),
)


def test_they_say_what_the_history_says_of_the_release() -> None:
    """Each CA with its whole SHA-256; the state and the end of those that are there."""
    manifest = replace(MANIFEST, release="2", distrusted=(STOLEN,))
    said = notes.make(
        manifest, notes.of_history(HISTORY, "2"), (StatedApproval(name="Ann", key="k"),)
    ).decode()
    until = f"{SECOND.not_after:%Y-%m-%d}"
    assert (
        said
        == f"""\
# CA certificates of acme, release 2

Since release 1:

## Trusted from now on

- CN=Acme Root 2, until {until}, SHA-256 `{SECOND.sha256}`

## No longer trusted

- CN=Old \\*Root\\*, SHA-256 `{GONE.sha256}`

## Distrusted: blocked where the platform has a place for that

- CN=Stolen, until {until}, SHA-256 `{STOLEN.sha256}`: INC-1 \\[see\\](https:\\//evil.example)

Approved by Ann.

SHA256SUMS has the digest of each file.
"""
    )


def test_a_first_release_and_one_without_changes_say_so() -> None:
    """And one of which nothing is known says all that it holds."""
    assert "This is the first release.\n" in notes.make(MANIFEST, notes.of_history(HISTORY, "1")).decode()
    assert (
        "Since release 1, what is trusted is the same.\n" in notes.make(MANIFEST, TrustChanges("1")).decode()
    )
    assert notes.of_history(HISTORY, "3") is None
    whole = notes.make(MANIFEST, None).decode()
    assert "this is all that it holds" in whole
    assert all(one.sha256 in whole for one in (FIRST, SECOND, *MANIFEST.distrusted))


def test_what_expires_soon_after_the_release_is_told() -> None:
    """By the release's own time: the notes are the same on any later day."""
    released = dt.datetime.fromtimestamp(MANIFEST.epoch, dt.UTC)
    soon = replace(FIRST, not_after=released + dt.timedelta(days=90))
    later = replace(SECOND, not_after=released + dt.timedelta(days=91))
    said = notes.make(replace(MANIFEST, certificates=(soon, later)), TrustChanges("1")).decode()
    part = said.partition("## Expires soon")[2]
    assert soon.sha256 in part
    assert later.sha256 not in said


def test_names_are_no_markup() -> None:
    """Neither a line break nor HTML comes out of a name."""
    odd = replace(FIRST, subject="CN=a\n# x<script>|`b`")
    said = notes.make(replace(MANIFEST, certificates=(odd,)), None).decode()
    assert "- CN=a\\\\u000a# x\\<script\\>\\|\\`b\\`, until" in said

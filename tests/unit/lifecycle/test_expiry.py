"""Expiry: who is due, and the formats that machines read, by their own grammar."""

import datetime as dt
import json
import re
from typing import Literal

import pytest

from builder.diff.snapshot import TrustSnapshot
from builder.lifecycle import expiry
from builder.lifecycle.expiry import Expiry
from builder.model import CertificateSummary, State

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)
SPAN = 90 * DAY
# https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z0-9_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+)')
LABEL = re.compile(r'([a-z0-9_]+)="((?:[^"\\]|\\.)*)"')


def item(
    letter: str, not_after: dt.datetime, subject: str = "", state: State | Literal[""] = ""
) -> CertificateSummary:
    """Return a CA."""
    return CertificateSummary(
        sha256=letter * 64, subject=subject or f"CN=Root {letter}", not_after=not_after, state=state
    )


def judge(*items: CertificateSummary, organisation: str = "acme") -> tuple[Expiry, ...]:
    """Judge the CAs of one snapshot."""
    snapshot = TrustSnapshot("x", "lock", {one.sha256: one for one in items}, organisation=organisation)
    return expiry.judge([snapshot], now=NOW, within=SPAN)


@pytest.mark.parametrize(
    ("end", "days", "due"),
    [
        (NOW + SPAN + SECOND, 90, False),
        (NOW + SPAN, 90, True),
        (NOW + DAY - SECOND, 0, True),
        (NOW, 0, True),
        (NOW - SECOND, -1, True),
        (NOW - 3 * DAY, -3, True),
    ],
)
def test_a_ca_is_due_to_the_second(end: dt.datetime, days: int, *, due: bool) -> None:
    """The last moment of the span counts; a CA that has ended is due for good."""
    (found,) = judge(item("a", end))
    assert (found.days, found.due) == (days, due)


def test_the_first_to_end_comes_first_and_distrusted_ones_do_not_count() -> None:
    """Nobody waits for the end of a CA that is blocked."""
    found = judge(item("a", NOW + 2 * DAY), item("b", NOW + DAY), item("c", NOW, state="distrusted"))
    assert [one.item.sha256[0] for one in found] == ["b", "a"]


def retiring(until: str, end: dt.datetime = NOW + 999 * DAY) -> CertificateSummary:
    """Return a CA that is to be removed on a day."""
    return CertificateSummary(
        sha256="r" * 64, subject="CN=Old; Root", not_after=end, state="retiring", until=until,
        owner="PKI, Team", evidence="INC-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("until", "due", "said"),
    [
        ("2027-02-22", True, "is to be removed on 2027-02-22, in 90 days"),
        ("2027-02-23", False, ""),
        ("2026-11-24", True, "is to be removed on 2026-11-24"),
        ("2026-11-23", True, "was to be removed on 2026-11-23"),
        ("no day", False, ""),
    ],
)
def test_a_planned_removal_counts(until: str, said: str, *, due: bool) -> None:
    """To the day, whether or not the CA itself ends soon."""
    found = judge(retiring(until), item("a", NOW + 99 * DAY))
    text = expiry.as_text(found, within=SPAN).splitlines()
    value = json.loads(expiry.as_json(found, now=NOW, within=SPAN))
    assert [one.due for one in found] == [False, due]
    assert (value["due"], value["removals"]) == (int(due), int(due))
    assert {key: value["certificates"][1][key] for key in ("until", "owner", "evidence")} == {
        "until": until, "owner": "PKI, Team", "evidence": "INC-1",
    }  # fmt: skip
    lines = [f"CN=Old; Root ({'r' * 64}): {said} [x]"] if due else []
    lines += ["none of 2 certificates expires within 90 days"]
    assert text == [*lines, "1 is to be removed within 90 days"] if due else text == lines
    both = judge(retiring("2026-11-25", NOW + DAY))
    assert "expires on 2026-11-25, in 1 day, and is to be removed on 2026-11-25, in 1 day" in expiry.as_text(
        both, within=SPAN
    )


def test_a_calendar_has_planned_removals_and_who_answers_for_them() -> None:
    """As a day of its own beside the CA's end."""
    lines = (
        expiry.as_ics(judge(retiring("2027-03-01")), now=NOW, within=SPAN).replace("\r\n ", "").splitlines()
    )
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2
    assert f"UID:{'r' * 64}-removal@trustpack.invalid" in lines
    assert "DTSTART;VALUE=DATE:20270301" in lines
    assert "SUMMARY:CA is to be removed: CN=Old\\; Root" in lines
    known = "Owner: PKI\\, Team\\nEvidence: INC-1\\nState: retiring\\nUntil: 2027-03-01"
    assert lines.count(f"DESCRIPTION:SHA-256 {'r' * 64}\\n{known}") == 2


def test_a_ca_in_several_places_is_told_once() -> None:
    """With every place, and what any of them knows."""
    plain, known = item("a", NOW), item("a", NOW, state="retiring")
    snapshots = [
        TrustSnapshot("one.pem", "bundle", {plain.sha256: plain}),
        TrustSnapshot("trustpack.lock", "lock", {known.sha256: known}, organisation="acme"),
    ]
    (found,) = expiry.judge(snapshots, now=NOW, within=SPAN)
    assert (found.sources, found.item.state, found.organisation) == (
        ("one.pem", "trustpack.lock"),
        "retiring",
        "acme",
    )


def test_people_read_what_is_due() -> None:
    """Escaped, a CA a line, and how many of how many."""
    found = judge(item("a", NOW - DAY), item("b", NOW + DAY, "CN=\x1b[2J"), item("c", NOW + 91 * DAY))
    assert expiry.as_text(found, within=SPAN).splitlines() == [
        f"CN=Root a ({'a' * 64}): expired on 2026-11-23 [x]",
        f"CN=\\u001b[2J ({'b' * 64}): expires on 2026-11-25, in 1 day [x]",
        "2 of 3 certificates expired, or will within 90 days",
    ]
    assert expiry.as_text(judge(), within=SPAN) == "none of 0 certificates expires within 90 days\n"


def test_json_lists_every_ca() -> None:
    """Due or not."""
    value = json.loads(
        expiry.as_json(judge(item("a", NOW), item("b", NOW + SPAN + DAY)), now=NOW, within=SPAN)
    )
    assert (value["now"], value["within_days"], value["due"]) == ("2026-11-24T12:00:00Z", 90, 1)
    assert [(one["days"], one["due"]) for one in value["certificates"]] == [(0, True), (91, False)]


def test_prometheus_text_follows_its_grammar() -> None:
    """Every metric has one HELP and TYPE before its samples; labels come back as they were."""
    evil = 'CN="quoted" \\ back\nslash'
    text = expiry.as_prometheus(
        judge(item("a", NOW, evil), item("b", NOW + SPAN + DAY)), now=NOW, within=SPAN
    )
    assert text.endswith("\n")
    values: dict[str, list[int]] = {}
    labels = []
    announced = ""
    for line in text.splitlines():
        if found := re.fullmatch(r"# HELP ([a-z_]+) [^\\]+", line):
            assert found[1] not in values
        elif found := re.fullmatch(r"# TYPE ([a-z_]+) gauge", line):
            announced = found[1]
            assert announced not in values
            values[announced] = []
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            assert found[1] == announced
            values[announced].append(int(found[3]))
            labels.append(dict(LABEL.findall(found[2] or "")))
    assert values == {
        "trustpack_certificate_not_after_timestamp_seconds": [
            int(NOW.timestamp()),
            int((NOW + SPAN + DAY).timestamp()),
        ],
        "trustpack_certificates": [2],
        "trustpack_certificates_due": [1],
        "trustpack_check_within_seconds": [7_776_000],
        "trustpack_check_timestamp_seconds": [1_795_521_600],
    }
    assert labels[0]["subject"] == 'CN=\\"quoted\\" \\\\ back\\\\u000aslash'
    assert labels[0] | {"subject": ""} == {
        "organisation": "acme",
        "sha256": "a" * 64,
        "state": "",
        "subject": "",
    }


def test_a_calendar_has_short_crlf_lines_of_whole_characters() -> None:
    """RFC 5545: 75 octets a line at most; unfolded, the text is the one that was meant."""
    subject = "O=Ünïcödé\\, Inc.;" + "日本語" * 40 + "\r\nEND:VCALENDAR"
    raw = expiry.as_ics(judge(item("a", NOW + DAY, subject)), now=NOW, within=SPAN).encode("utf-8")
    lines = raw.split(b"\r\n")
    assert lines.pop() == b""
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert all(line.decode("utf-8") for line in lines)
    unfolded = raw.replace(b"\r\n ", b"").decode("utf-8").splitlines()
    escaped = "O=Ünïcödé\\\\\\, Inc.\\;" + "日本語" * 40 + "\\\\u000d\\\\u000aEND:VCALENDAR"
    assert unfolded[4:11] == [
        "BEGIN:VEVENT",
        f"UID:{'a' * 64}@trustpack.invalid",
        "DTSTAMP:20261124T120000Z",
        "DTSTART:20261125T120000Z",
        f"SUMMARY:CA expires: {escaped}",
        f"DESCRIPTION:SHA-256 {'a' * 64}",
        "TRANSP:TRANSPARENT",
    ]
    assert "TRIGGER:-P90D" in unfolded
    assert (unfolded[0], unfolded[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")


def test_an_event_keeps_its_identity() -> None:
    """Looked at on another day, only the stamp differs."""
    found = judge(item("a", NOW + DAY))
    first, later = (expiry.as_ics(found, now=at, within=SPAN).splitlines() for at in (NOW, NOW + DAY))
    assert [line for line, other in zip(first, later, strict=True) if line != other] == [
        "DTSTAMP:20261124T120000Z"
    ]

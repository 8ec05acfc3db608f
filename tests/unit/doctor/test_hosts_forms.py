"""What a hostile host sends is text in every form of the report: no markup, formula, escape code or line."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from html.parser import HTMLParser

import pytest

from builder.doctor import hosts_csv, hosts_json, hosts_metrics, hosts_page, hosts_text
from builder.doctor.redaction import redacted
from tests.host_documents import GONE, NEW, OLD, document, row
from tests.unit.doctor.reports import NASTY, gathered, hostile, judged

HOMES = "/home"


class _Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep one."""
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.texts += data


def _tags(text: str) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
    parser = _Tags()
    parser.feed(hosts_page.as_page(judged(hostile(text), document("web-1", complete=False))))
    return parser.tags


def test_a_page_has_the_same_tags_whatever_hosts_say() -> None:
    """Tags and attributes are the template's alone, and no link leads out of it."""
    plain = _tags("plain")
    assert {text: _tags(text) == plain for text in NASTY} == dict.fromkeys(NASTY, True)
    links = [value for _, attributes in plain for key, value in attributes if key in {"href", "src"}]
    assert [link for link in links if not str(link).startswith(("#", "data:image/svg"))] == []
    assert "script" not in {tag for tag, _ in plain}


def test_what_was_sent_is_shown() -> None:
    """Escaped, and not left out."""
    parser = _Tags()
    parser.feed(hosts_page.as_page(judged(hostile(NASTY[0]))))
    assert NASTY[0] in parser.texts


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_table_has_no_formula(text: str) -> None:
    """Read back by a parser, each cell begins as text, and there are as many as there should be."""
    rows = list(csv.reader(io.StringIO(hosts_csv.as_csv(judged(hostile(text))))))
    assert {len(one) for one in rows} == {len(hosts_csv.COLUMNS)}
    cells = [cell for one in rows for cell in one]
    assert [
        cell for cell in cells if cell.strip()[:1] and cell.strip()[0] in "=+-@\uff1d\uff0b\uff0d\uff20"
    ] == []
    assert [cell for cell in cells if not cell.isprintable()] == []


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_metrics_have_no_line_of_a_host(text: str) -> None:
    """As many lines as with a plain name, all of ours, and one end."""
    lines = hosts_metrics.as_openmetrics(judged(hostile(text))).splitlines()
    plain = hosts_metrics.as_openmetrics(judged(hostile("plain"))).splitlines()
    assert len(lines) == len(plain)
    assert lines.count("# EOF") == 1
    value = r'"(?:[^"\\\n]|\\["\\n])*"'
    label = rf"[a-z_0-9]+={value}"
    line = re.compile(rf"# .*|trustpack_hosts\w*\{{{label}(?:,{label})*\}} [0-9]+")
    assert [one for one in lines if not line.fullmatch(one)] == []


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_terminal_obeys_no_host(text: str) -> None:
    """Text and JSON print nothing but what can be seen."""
    report = judged(hostile(text))
    assert [line for line in hosts_text.as_text(report).split("\n") if not line.isprintable()] == []
    printed = hosts_json.as_json(report)
    assert [line for line in printed.split("\n") if not line.isprintable()] == []
    assert json.loads(printed)["hosts"][0]["name"] == text


def test_names_of_users_are_taken_out_everywhere() -> None:
    """The same name has the same number in every report; root is nobody's name."""
    states = {OLD: "valid", NEW: "missing", GONE: "missing"}
    alice = row(
        states,
        where=f"{HOMES}/alice/venv/cacert.pem",
        user="alice",
        mend=f"{HOMES}/alice/venv/bin/pip install acme-certifi",
    )
    found = gathered(
        document("a", alice, row(states, where=r"C:\Users\Bob Smith\x.pem"), host={"user": "alice"}),
        document("b", row(states, where="/Users/zoe/x", problem="alice owns it", user="root")),
    ).reports
    shown = [
        (one.where, one.user, one.problem, one.mend) for report in redacted(found) for one in report.findings
    ]
    assert shown == [
        (
            f"{HOMES}/user-2/venv/cacert.pem",
            "user-2",
            "",
            f"{HOMES}/user-2/venv/bin/pip install acme-certifi",
        ),
        (r"C:\Users\user-1\x.pem", "", "", ""),
        ("/Users/user-3/x", "root", "user-2 owns it", ""),
    ]
    assert {report.user for report in redacted(found)} == {"root", "user-2"}


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("alice", "/srv/alice-venv/x, ~alice, alice.bak, alice@web"),
        ("Bob Smith", "runas /user:'Bob Smith' pip"),
        ("o'brien", shlex.quote("/home/o'brien/v/bin/pip") + " install; o'brien's"),
    ],
)
def test_a_user_is_nobody_wherever_the_name_stands(user: str, said: str) -> None:
    """As a part of a word, with blanks in it, or inside a shell's quotes."""
    one = row({OLD: "missing"}, what=said, where=said, problem=said, mend=said, user=user)
    one["extra"] = [{"sha256": "d" * 64, "subject": f"CN={user}"}]
    shown = str(redacted(gathered(document("web", one, host={"description": f"{user}'s"})).reports))
    assert user.rsplit("'", maxsplit=1)[-1] not in shown
    assert shown.count("user-") > len(("what", "where", "problem", "mend", "user"))


def test_a_crowd_of_users_ends_in_time() -> None:
    """A host that invents ten thousand has only its own report less well redacted."""
    rows = [row({OLD: "missing"}, user=f"u{at}", mend=f"/home/u{at}x{at}" * 20) for at in range(10_000)]
    assert len(redacted(gathered(document("web", *rows)).reports)) == 1

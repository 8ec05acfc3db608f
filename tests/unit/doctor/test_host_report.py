"""One host's report is read within bounds: what a hostile one holds ends in words, and in little memory."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from typing import Any

import pytest

from builder.doctor import host_report
from builder.doctor.documents import DOCUMENT_BYTES, SourceDocument
from builder.errors import HostsError
from tests.host_documents import GONE, NEW, OLD, document, row

GOOD = json.dumps(document("web-1"))


def _with(**fields: Any) -> str:
    return json.dumps(document("web-1", **fields))


def _host(**fields: Any) -> str:
    return _with(host=fields)


HOSTILE = {
    "empty": ("", "is no JSON"),
    "cut off": (GOOD[:-20], "is no JSON"),
    "two in one": (GOOD + GOOD, "is no JSON"),
    "a list": ("[]", "is not what a host's report is"),
    "not a number": (GOOD.replace("1.2", "NaN"), "is no JSON"),
    "deep lists": ('{"schema": ' + "[" * 200_000, "schema: is not what"),
    "deep objects that nobody reads": (GOOD[:-1] + ', "x": ' + '{"a":' * 200_000, "is nested too deeply"),
    "a key twice": (GOOD.replace('"complete"', '"complete": false, "complete"'), "is there twice"),
    "one of them escaped": (GOOD.replace('"complete"', '"complet\\u0065":true,"complete"'), "is there twice"),
    "a CA twice": (GOOD.replace(f'"{OLD}": "va', f'"{OLD}": "missing", "{OLD}": "va'), "is there twice"),
    "nothing of a host": (GOOD.replace('"complete"', '"completed"'), "complete: is missing"),
    "half a surrogate": (GOOD.replace("web-1", "\\ud800"), "is no JSON"),
    "a long name": (_host(name="x" * 256), "host.name"),
    "no name": (_host(name=""), "host.name"),
    "a number for a name": (_host(name=7), "host.name"),
    "a machine id of its own": (_host(machine="../../etc"), "host.machine"),
    "a list of rows that is none": (_with(rows={}), "rows"),
    "effective by a word": (_with(rows=[row({}, effective="yes")]), "rows.*effective"),
    "no organisation's name": (_with(organisation="../x"), "organisation"),
    "no release": (_with(release="1.x"), "its release is none"),
    "a huge release": (_with(release="9" * 5_000), "its release is none"),
    "no day": (_with(time="2026-02-31T00:00:00Z"), "its time is not a valid date"),
    "no digest": (_with(authorities=[{"sha256": "x"}]), "sha256"),
    "a line end after a digest": (_with(authorities=[{"sha256": f"{OLD}\n"}]), "sha256"),
    "another schema": (_with(schema=2), "has the schema 2"),
    "more rows than any": (_with(rows=[{"kind": "", "effective": None, "states": {}}] * 10_001), "rows"),
    "a huge number": (GOOD.replace('"schema": 1', f'"schema": {"9" * 100_000}'), "schema|is no JSON"),
}  # fmt: skip


def _read(text: str | bytes) -> host_report.HostReport:
    data = text.encode() if isinstance(text, str) else text
    return host_report.read(SourceDocument("web-1.json:1", data))


@pytest.mark.parametrize("fault", HOSTILE)
def test_what_is_no_report_is_told(fault: str) -> None:
    """With file and line, and what a report is."""
    text, said = HOSTILE[fault]
    with pytest.raises(HostsError, match=f"^web-1.json:1: .*({said})") as caught:
        _read(text)
    assert caught.value.hint
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_text_of_another_encoding_is_told(encoding: str) -> None:
    """PowerShell writes UTF-16 where nobody says otherwise."""
    with pytest.raises(HostsError, match="is not UTF-8 text") as caught:
        _read(GOOD.replace("web-1", "w\u00e9b").encode(encoding) if encoding == "utf-16" else b'{"\xe9": 1}')
    assert "utf8" in caught.value.hint


def test_a_byte_order_mark_and_keys_of_tomorrow_are_passed_over() -> None:
    """A newer doctor may say more, and Windows begins a file so."""
    text = "\ufeff" + json.dumps(document("web-1") | {"further": {"x": [1, None]}})
    assert _read(text) == _read(GOOD)


def test_the_largest_document_takes_bounded_memory() -> None:
    """Eight megabytes of the smallest values that JSON has, where nobody reads them."""
    filling = "[]," * (DOCUMENT_BYTES // 3 - 2_000)
    text = (GOOD[:-1] + f', "x": [{filling}[]]}}').encode()
    tracemalloc.start()
    _read(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400 * 1024 * 1024


def test_only_stores_that_count_make_a_ca_trusted() -> None:
    """All that are read must hold it, one of them surely; what is shadowed says nothing."""
    good, bad = {OLD: "valid"}, {OLD: "missing"}
    cases = [
        ([row(good)], True),
        ([row(good), row(bad)], False),
        ([row(good), row(bad, effective=False)], True),
        ([row(good), row(good, effective=None)], True),
        ([row(good, effective=None)], False),
        ([row(good), row(bad, effective=None)], False),
        ([row(good), row({})], True),
        ([row(good), row({NEW: "valid"})], False),
        ([row(good), row({OLD: "absent"})], True),
        ([row({OLD: "absent"})], False),
        ([row(good, effective=False)], False),
        ([row({OLD: "a word of tomorrow"})], False),
    ]
    found = [_read(json.dumps(document("web-1", *rows))).states[OLD].trusted for rows, _ in cases]
    assert found == [trusted for _, trusted in cases]


def test_a_withdrawn_ca_is_present_in_any_store_that_is_read() -> None:
    """As one that is distrusted, or a former one that the release does not know."""
    former = "d" * 64
    extra = [{"sha256": former, "subject": "CN=Acme Root R9"}]
    report = _read(
        json.dumps(
            document(
                "web-1",
                row({OLD: "valid", GONE: "distrusted"}, effective=None),
                row({OLD: "valid", GONE: "missing"}, extra=extra),
                row({OLD: "valid", NEW: "valid"}, extra=extra, effective=False),
            )
        )
    )
    assert [report.states[one].present for one in (GONE, former)] == [True, True]
    assert [one.sha256 for one in report.findings] == [GONE, former]


def test_findings_are_counted_beyond_those_that_are_kept() -> None:
    """Fifty of one host are enough to begin with."""
    report = _read(json.dumps(document("web-1", *[row({OLD: "missing"}, where="/x" * 999)] * 60)))
    assert (len(report.findings), report.more) == (50, 10)
    assert {len(one.where) for one in report.findings} == {300}


_VALUES = ("null", "-1", "1e400", '""', "[]", "{}", "true", '"\\ud83d"', "99999999999999999999999", "[[]]")
_SIGNS = '\x00"\\,:[]{}\u202e\xff0\n'


def test_a_damaged_document_is_read_or_told() -> None:
    """Signs changed, parts cut out, values of another kind: never an error of the program itself."""
    text = json.dumps(document("web-1", row({OLD: "valid", GONE: "distrusted"}, extra=[{"sha256": NEW}])))
    chance = random.Random(20261130)  # noqa: S311  no secret
    read, told = 0, list[str]()
    for _ in range(3_000):
        damaged = text
        for _ in range(chance.randint(1, 3)):
            at, way = chance.randrange(len(damaged)), chance.randrange(3)
            if way == 0:
                damaged = damaged[:at] + chance.choice(_SIGNS) + damaged[at + chance.randint(0, 2) :]
            elif way == 1:
                damaged = damaged[:at] + damaged[at + chance.randint(1, 60) :]
            elif values := list(re.finditer(r': ("[^"]*"|true|[0-9.]+|null)', damaged)):
                value = chance.choice(values)
                damaged = damaged[: value.start(1)] + chance.choice(_VALUES) + damaged[value.end(1) :]
        try:
            _read(damaged)
            read += 1
        except HostsError as error:
            told.append(str(error))
    assert [message for message in told if not message.isprintable()] == []
    assert 0 < read < 1_500

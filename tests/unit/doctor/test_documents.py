"""Hosts' reports are told apart however they come, and one that is too large ends only itself."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from builder.doctor import documents
from builder.errors import UsageError
from tests.host_documents import document

if TYPE_CHECKING:
    from pathlib import Path

    from builder.doctor.documents import SourceDocument

ONE, TWO = document("web-1"), document("web-2")
COMPACT, INDENTED = json.dumps(ONE) + "\n", json.dumps(TWO, indent=2) + "\n"


def _read(text: str | bytes) -> list[SourceDocument]:
    data = text.encode() if isinstance(text, str) else text
    return list(documents.documents(["-"], lambda: io.BytesIO(data)))


@pytest.mark.parametrize(
    "text",
    [
        COMPACT + INDENTED,
        INDENTED + COMPACT,
        f"\n\n{COMPACT}\n{INDENTED}\n",
        COMPACT + INDENTED.rstrip("\n"),
        (COMPACT + INDENTED).replace("\n", "\r\n"),
    ],
    ids=["lines first", "indented first", "empty lines", "no last line end", "from Windows"],
)
def test_documents_follow_one_another(text: str) -> None:
    """A line each, or as they are printed, one after another."""
    found = [json.loads(one.data)["host"]["name"] for one in _read(text)]
    assert sorted(found) == ["web-1", "web-2"]


def test_a_document_without_an_end_takes_no_other_with_it() -> None:
    """What begins inside it is the next one's: a host cannot hide those after it."""
    broken, good = _read('{\n"schema": 1,\n' + COMPACT)
    assert (broken.data, json.loads(good.data), good.where) == (
        b'{\n"schema": 1,\n', ONE, "standard input:3",
    )  # fmt: skip


@pytest.mark.parametrize("filling", ["x", "x\n"], ids=["one line", "many lines"])
def test_what_is_too_large_is_passed_over(monkeypatch: pytest.MonkeyPatch, filling: str) -> None:
    """It is told with its line; those before and after it are read."""
    monkeypatch.setattr(documents, "DOCUMENT_BYTES", 5_000)
    before, large, after = _read(COMPACT + "{" + filling * 9_000 + "}\n" + COMPACT)
    assert (before.fault, after.fault, large.where) == ("", "", "standard input:2")
    assert large.fault.startswith("is larger than")
    assert (before.data, large.data, after.data) == (COMPACT.encode(), b"", COMPACT.encode())


def test_a_line_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a terabyte of zeros only the begin is read."""
    monkeypatch.setattr(documents, "DOCUMENT_BYTES", 100)
    stream = io.BytesIO(b"\0" * 100_000)
    assert [one.fault != "" for one in documents.documents(["-"], lambda: stream)] == [True]
    assert stream.tell() < 2_000


def test_folders_are_read_whole(tmp_path: Path) -> None:
    """Files of the right name at any depth, in their order; a pipe and a link to nothing are told."""
    (tmp_path / "b/deep").mkdir(parents=True)
    (tmp_path / "b/deep/x.json").write_text(INDENTED)
    (tmp_path / "a.jsonl").write_text(COMPACT)
    (tmp_path / "a.txt").write_text("not read")
    (tmp_path / "gone.json").symlink_to("nowhere")
    found = list(documents.documents([str(tmp_path)], io.BytesIO))
    assert [(one.where.removeprefix(f"{tmp_path}/"), one.fault) for one in found] == [
        ("a.jsonl:1", ""), ("gone.json", "is a link to nothing"), ("b/deep/x.json:1", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["nothing.json", ""])
def test_an_input_that_is_not_there_is_wrong_usage(name: str) -> None:
    """An empty one, too: it is some variable that is not set."""
    with pytest.raises(UsageError, match="is no file or folder"):
        list(documents.documents([name], io.BytesIO))

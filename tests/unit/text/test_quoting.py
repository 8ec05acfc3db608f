"""Quoting filters: each language's own interpreter reads back what went in, whatever it was."""

import ast
import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ConfigError
from builder.text.quoting import FILTERS, Quoted, finalize, visible
from tests.tools import require

HOSTILE = [
    "",
    " ",
    "plain",
    "it's",
    'say "hi"',
    "back\\slash",
    "ends in \\",
    "\\' \\\" \\\\",
    "$(id) ${HOME} $HOME `id`",
    "#{1 + 1} #$0 #@a",
    "{{ x }} {% raw %} {name} {0}",
    "%s %d %(x)s %n",
    "a\nb",
    "a\r\nb: c",
    "\x00\x07\x1b[31m\x7f\x85\x9b",
    "\u2028\u2029\u202e\u2066\ufeff",
    "Ünïcödé 日本 مرحبا",
    "😀 \U0001f469\u200d\U0001f4bb \U0010ffff",
    "- [a, b]: {c} & *d !e |f > g @h",
    "yes",
    "~",
    "-n",
    "--",
    "; rm -rf / #",
    "*/ // <!-- --> ]]> =begin",
    "\ufffe\uffff",
    "\\ud83d\\ude00",
    "x" * 100_000,
]


def apply(name: str, values: Sequence[str]) -> list[str]:
    """Return each value as the filter `name` writes it."""
    return [str(FILTERS[name](value)) for value in values]


def run(program: str, *arguments: str, text: str) -> str:
    """Run an interpreter on standard input."""
    done = subprocess.run(
        [require(program), *arguments],
        input=text.encode(),
        capture_output=True,
        check=True,
        env={"LANG": "C.UTF-8"},
    )
    return done.stdout.decode()


def test_json_is_what_javascript_reads() -> None:
    """Every value comes back as it was from a JavaScript literal."""
    program = f"console.log(JSON.stringify([{','.join(apply('json', HOSTILE))}]))"
    assert json.loads(run("node", "-", text=program)) == HOSTILE


def test_nix_reads_its_strings(tmp_path: Path) -> None:
    """None begins an expression; what is not seen is written as an escape, as in other strings."""
    places = {f"NIX_{kind}_DIR": str(tmp_path / kind) for kind in ("STATE", "STORE", "LOG")}
    command = [require("nix-instantiate"), "--eval", "--strict", "--json", "-"]
    done = subprocess.run(
        command,
        input=f"[ {' '.join(apply('nix', HOSTILE))} ]".encode(),
        capture_output=True,
        check=True,
        env={"LANG": "C.UTF-8", "PATH": os.defpath, "HOME": str(tmp_path), **places},
    )
    assert json.loads(done.stdout) == [visible(text) for text in HOSTILE]


def test_a_data_url_holds_the_text() -> None:
    """In characters that no language quotes."""
    for text, url in zip(HOSTILE, apply("data_url", HOSTILE), strict=True):
        assert re.fullmatch(r"data:;base64,[A-Za-z0-9+/=]*", url)
        with urllib.request.urlopen(url) as answer:  # noqa: S310  asks nobody
            assert answer.read().decode() == text


@pytest.mark.parametrize("indent", [2, 8])
def test_a_yaml_block_holds_the_text(indent: int) -> None:
    """As lines where that can be, and in quotes where it cannot; what follows is no part of it."""
    lines = ["a\n", "-----BEGIN X-----\nabc=\n", "a\n b\n", "a \n", "\n", "a\n\n", "a", "# a\n", "a: b\n"]
    for text in [*HOSTILE, *lines]:
        block = FILTERS["yaml_block"](text, indent)
        read = yaml.safe_load(f"top:\n{' ' * (indent - 1)}key: {block}\nlast: 1\n")
        assert read == {"top": {"key": text}, "last": 1}, text


def test_pem_is_a_yaml_block_of_lines() -> None:
    """That people can compare with a file."""
    assert FILTERS["yaml_block"]("-----BEGIN X-----\nabc=\n", 4) == "|\n    -----BEGIN X-----\n    abc="


def test_json_takes_lists_and_mappings() -> None:
    """A template may print a whole structure."""
    assert json.loads(str(FILTERS["json"](["a", {"b": "c"}]))) == ["a", {"b": "c"}]


def test_yaml_is_what_libyaml_reads() -> None:
    """Every value comes back as it was, from Ruby's parser and from Python's two."""
    document = "".join(f"- {value}\n" for value in apply("yaml", HOSTILE))
    assert yaml.safe_load(document) == HOSTILE
    assert yaml.load(document, Loader=yaml.CSafeLoader) == HOSTILE
    program = "require 'yaml'; require 'json'; puts JSON.generate(YAML.load(STDIN.read))"
    assert json.loads(run("ruby", "-e", program, text=document)) == HOSTILE


def test_ruby_is_what_ruby_reads() -> None:
    """Every value comes back, its controls made visible, and nothing in it is run."""
    program = f"require 'json'\nputs JSON.generate([{','.join(apply('ruby', HOSTILE))}])\n"
    assert json.loads(run("ruby", "-", text=program)) == [visible(value) for value in HOSTILE]


def test_python_is_what_python_reads() -> None:
    """Every value comes back as it was from an ASCII literal."""
    literals = apply("python", HOSTILE)
    assert [ast.literal_eval(text) for text in literals] == HOSTILE
    assert all(text.isascii() and "\n" not in text for text in literals)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_sh_is_one_word_in_every_shell(shell: str) -> None:
    """Every value comes back as one word, its controls made visible."""
    program = "".join(f"printf '%s\\n' {value}\n" for value in apply("sh", HOSTILE[:-1]))
    arguments = ["sh"] if shell == "busybox" else []
    assert run(shell, *arguments, text=program).split("\n")[:-1] == [visible(value) for value in HOSTILE[:-1]]


def _xml_document(values: Sequence[str]) -> str:
    """Return a document with each value as an element's text and in an attribute of either kind."""
    rows = "".join(f"<v a=\"{value}\" b='{value}'>{value}</v>" for value in apply("xml", values))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<all>{rows}</all>'


def _in_xml(value: str) -> str:
    """Return how a value reads in XML, which has no place for two characters more than are made visible."""
    return visible(value).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def test_xml_is_what_expat_and_ruby_read() -> None:
    """Every value comes back, its controls made visible, from text and from either kind of attribute."""
    document, expected = _xml_document(HOSTILE), [[_in_xml(value)] * 3 for value in HOSTILE]
    read = [[row.text or "", row.get("a"), row.get("b")] for row in ET.fromstring(document)]  # noqa: S314  our own text
    assert read == expected
    program = """
require 'json'; require 'rexml/document'
rows = REXML::Document.new(STDIN.read.force_encoding('UTF-8')).root.elements.to_a
puts JSON.generate(rows.map { |row| [row.texts.map(&:value).join, row.attributes['a'], row.attributes['b']] })
"""
    assert json.loads(run("ruby", "-e", program, text=document)) == expected


@given(value=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_text_breaks_an_xml_document(value: str) -> None:
    """Whatever goes in, the document stays well-formed, and nothing of it is markup."""
    (row,) = ET.fromstring(_xml_document([value]))  # noqa: S314  our own text
    assert [row.text or "", row.get("a"), row.get("b"), len(row)] == [*[_in_xml(value)] * 3, 0]


@pytest.mark.parametrize("name", ["header", "text", "ruby", "sh", "python", "json", "yaml", "xml"])
@given(value=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_filter_lets_a_line_end_or_a_control_through(name: str, value: str) -> None:
    """Whatever goes in, one visible line comes out."""
    found = FILTERS[name](value)
    assert isinstance(found, Quoted)
    assert visible(found) == found
    assert len(found.splitlines()) <= 1


@given(value=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_python_json_and_yaml_lose_nothing(value: str) -> None:
    """Three literals of any text read back as that text."""
    assert ast.literal_eval(str(FILTERS["python"](value))) == value
    assert json.loads(str(FILTERS["json"](value))) == value
    assert yaml.load(str(FILTERS["yaml"](value)), Loader=yaml.CSafeLoader) == value


@pytest.mark.parametrize(
    "value", ["", "a b", "a\n", "a;b", "$a", "`a`", "a'b", 'a"b', "a\\b", "é", "a*", "a(b", "<a"]
)
def test_a_token_that_would_need_quotes_is_refused(value: str) -> None:
    """What stands bare in a file has nothing that any language reads twice."""
    with pytest.raises(ConfigError):
        FILTERS["token"](value)


@pytest.mark.parametrize("value", ["", "1a", "a-b", "a b", "a\n", "é", "a.b", "class()"])
def test_what_is_no_identifier_is_refused(value: str) -> None:
    """An identifier is ASCII letters, digits and underscores."""
    with pytest.raises(ConfigError):
        FILTERS["ident"](value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("token", "acme-ca_1.0+b@c:/d=e", "acme-ca_1.0+b@c:/d=e"),
        ("token", 1_790_000_000, "1790000000"),
        ("ident", "acme_certifi", "acme_certifi"),
        ("camel", "acme-ca-certs", "AcmeCaCerts"),
        ("constant", "acme_certs", "AcmeCerts"),
        ("constant", "acme_2_ca", "Acme_2Ca"),
        ("constant", "acme2_ca", "Acme2Ca"),
        ("header", "  Acme  ", "Acme"),
        ("text", "a\u202eb", "a\\u202eb"),
    ],
)
def test_plain_values_stay_plain(name: str, value: object, expected: str) -> None:
    """Ordinary names come out as people expect them."""
    assert FILTERS[name](value) == expected


@pytest.mark.parametrize("value", ["text", True, None, 1.5, ["a"], b"x"])
def test_what_passed_no_filter_is_refused(value: object) -> None:
    """Only quoted text and whole numbers may be printed; the error lists the filters."""
    with pytest.raises(ConfigError) as caught:
        finalize(value)
    assert str(caught.value) == f"the value {value!r} is printed without a quoting filter"
    assert caught.value.hint.startswith("pipe it through one of: camel, constant, data_url, header")


def test_whole_numbers_and_quoted_text_may_be_printed() -> None:
    """They are what templates print."""
    assert (finalize(7), finalize(Quoted("x"))) == (7, "x")

"""YAML documents: text stays text, and an error says where it is and what was meant."""

from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ConfigError
from builder.text import document
from builder.text.faults import faults


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """An item of a list or mapping."""

    colour: Literal["red", "green"] = "red"
    weight: str | None = None


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    """A document with every shape that the product's documents have."""

    title: str
    short: Annotated[
        str, msgspec.Meta(pattern="^[a-z]+$(?!\n)", max_length=9, description="Lower-case letters.")
    ] = "x"
    parts: list[Part] = []
    named: dict[str, Part] = {}
    words: dict[str, dict[str, str]] = {}
    first: Part | None = None


def decode(text: str) -> Whole:
    """Parse and decode a document called f.yaml."""
    return document.decode(document.parse(text, "f.yaml"), Whole)


def refusal(text: str) -> tuple[str, str]:
    """Return message and hint of the error that `text` ends in."""
    with pytest.raises(ConfigError) as caught:
        decode(text)
    return str(caught.value), caught.value.hint


@pytest.mark.parametrize(
    "scalar", ["2026.10", "no", "null", "~x", "0x1F", "1e3", "2026-11-24", "true", "012", "!!int 7", "12:30"]
)
def test_every_scalar_is_the_text_its_author_typed(scalar: str) -> None:
    """Numbers, booleans, dates and nulls of YAML are text here."""
    assert decode(f"title: {scalar}\n").title == scalar.removeprefix("!!int ")


def test_an_alias_repeats_its_anchor() -> None:
    """Anchors and aliases work as YAML has them."""
    found = decode("title: &t same\nparts:\n  - &p {weight: *t}\n  - *p\n")
    assert found.parts == [Part(weight="same"), Part(weight="same")]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("title: x\nshrot: y\n", "f.yaml:2: unknown key 'shrot'", "did you mean 'short'?"),
        (
            "title: x\nzzz: y\n",
            "f.yaml:2: unknown key 'zzz'",
            "known here: first, named, parts, short, title, words",
        ),
        (
            "title: x\nparts:\n  - weight: 1\n  - wieght: 2\n",
            "f.yaml:4: unknown key 'wieght'",
            "did you mean 'weight'?",
        ),
        (
            "title: x\nnamed:\n  a: {}\n  b:\n    colour: red\n    wight: 1\n",
            "f.yaml:6: unknown key 'wight'",
            "did you mean 'weight'?",
        ),
        ("title: x\nfirst:\n  clour: red\n", "f.yaml:3: unknown key 'clour'", "did you mean 'colour'?"),
        (
            'title: x\n"a`.[0]": y\n',
            "f.yaml:2: unknown key 'a`.[0]'",
            "known here: first, named, parts, short, title, words",
        ),
    ],
)
def test_an_unknown_key_names_its_line_and_the_nearest_known_one(text: str, message: str, hint: str) -> None:
    """The error points at the key itself, however deep it is and whatever it looks like."""
    assert refusal(text) == (message, hint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1: the key 'title' is missing"),
        ("# only a comment\n", "f.yaml:1: the key 'title' is missing"),
        ("title: x\nparts:\n  -\n", "f.yaml:3: parts.0: expected keys and values, found text"),
        ("title: [x]\n", "f.yaml:1: title: expected text, found a list"),
        ("title: x\nparts: y\n", "f.yaml:2: parts: expected a list, found text"),
        ("title: x\nfirst:\n", "f.yaml:2: first: expected keys and values, found text"),
        (
            "title: x\nwords:\n  a: {b: c}\n  d:\n    e: f\n    g: [h]\n",
            "f.yaml:6: words.d.g: expected text, found a list",
        ),
        (
            "title: x\nwords:\n  a: {b: c}\n  d: e\n",
            "f.yaml:4: words.d: expected keys and values, found text",
        ),
        ("- title\n", "f.yaml:1: expected keys and values, found a list"),
        ("title\n", "f.yaml:1: expected keys and values, found text"),
        ("title: x\nshort: ABC\n", "f.yaml:2: short: 'ABC' is not allowed"),
        ("title: x\nshort: 'a\u202eb'\n", "f.yaml:2: short: 'a\\u202eb' is not allowed"),
        ("title: x\nshort: aaaaaaaaaa\n", "f.yaml:2: short: is longer than 9 characters"),
    ],
)
def test_a_value_of_the_wrong_shape_is_named_with_its_line(text: str, message: str) -> None:
    """What was expected and what stands there are said in the words of people who write YAML."""
    assert refusal(text)[0] == message


def test_what_is_not_allowed_is_answered_in_the_keys_own_words() -> None:
    """People read what the key is for; the pattern behind it is for programs."""
    assert refusal("title: x\nshort: ABC\n")[1] == "lower-case letters"


def test_all_that_is_wrong_is_told_in_one_run() -> None:
    """Each with its line, in their order, and what to do about it."""
    text = "title: x\nshrot: y\nparts:\n  - weight: [1]\n    colour: rde\n  - x\n"
    lines = (
        "f.yaml: has 6 errors:",
        "f.yaml:2: unknown key 'shrot' (did you mean 'short'?)",
        "f.yaml:4: parts.0.weight: expected text, found a list",
        "f.yaml:5: parts.0.colour: 'rde' is not one of green, red (did you mean 'red'?)",
        "f.yaml:6: parts.1: expected keys and values, found text",
        "f.yaml:7: unknown key 'colr' (did you mean 'colour'?)",
        "f.yaml:8: first: expected keys and values, found text",
    )
    assert refusal(f"{text}named: {{a: {{colr: red}}}}\nfirst:\n") == ("\n  ".join(lines), "")


def test_nobody_reads_a_thousand_errors() -> None:
    """The first fifty are told, and how many more there are."""
    lines = refusal("title: x\n" + "".join(f"{i}k: x\n" for i in range(1000)))[0].splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("f.yaml: has 1000 errors:", "  and 950 more", 52)


def test_a_misspelt_key_is_not_missing_as_well() -> None:
    """One mistake is told once, and a key that nothing looks like is missing all the same."""
    assert refusal("titel: x\n") == ("f.yaml:1: unknown key 'titel'", "did you mean 'title'?")
    assert refusal("zzz: x\n")[0].count("\n") == 2


# Keys, and values of every shape that any of them may have.
_VALUES = st.recursive(
    st.sampled_from(["", "x", "ABC", "red", "aaaaaaaaaa", "a\n"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from([*Whole.__struct_fields__, *Part.__struct_fields__]), inner),
    ),
)


@given(value=_VALUES)
def test_nothing_is_refused_without_a_reason_nor_read_in_spite_of_one(value: object) -> None:
    """What msgspec decodes has no fault, and what it refuses has one."""
    try:
        msgspec.convert(value, Whole)
    except msgspec.ValidationError:
        assert list(faults(value, Whole)) != []
    else:
        assert list(faults(value, Whole)) == []


def test_a_value_outside_a_choice_names_the_nearest() -> None:
    """A misspelt choice is answered like a misspelt key."""
    assert refusal("title: x\nfirst: {colour: rde}\n") == (
        "f.yaml:2: first.colour: 'rde' is not one of green, red",
        "did you mean 'red'?",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: x\ntitle: y\n", "f.yaml:2: the key 'title' is given twice"),
        ("title: x\nfirst:\n  weight: 1\n  weight: 2\n", "f.yaml:4: the key 'weight' is given twice"),
        ("title: &t [*t]\n", "f.yaml:1: an alias must not contain itself"),
        ("title: x\n? [a]\n: b\n", "f.yaml:2: a key must be plain text"),
        ("title: *nowhere\n", "f.yaml:1: not valid YAML: a value begins with * and names no alias; quote it"),
        (
            "title:\n\tshort: y\n",
            "f.yaml:2: not valid YAML: a tab, %, @ or ` begins something; indent by spaces, quote values",
        ),
        (
            "title: x\n---\ntitle: y\n",
            "f.yaml:2: not valid YAML: the text goes on after its end; one file has one document",
        ),
        ('title: "x\n', "f.yaml:2: not valid YAML: a quote is opened, and never closed"),
        (
            "title: a\x1bb\n",
            "f.yaml: not valid YAML: a control character",
        ),
    ],
)
def test_what_is_not_one_plain_document_is_refused_with_its_line(text: str, message: str) -> None:
    """Broken syntax, doubled keys, loops and second documents never reach the decoder."""
    assert refusal(text)[0] == message


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_a_document_nested_without_end_is_refused(opening: str) -> None:
    """Depth costs an error, not the interpreter's stack."""
    closing = {"[": "]", "{a: ": "}"}.get(opening, "")
    assert refusal(opening * 3000 + "x" + closing * 3000) == ("f.yaml:1: is nested too deeply", "")


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? "])
def test_a_document_that_would_overflow_the_parsers_stack_is_refused(opening: str) -> None:
    """A hundred thousand levels would crash libyaml and the process with it."""
    assert refusal(opening * 100_000) == ("f.yaml:1: is nested too deeply", "")


def test_both_sides_of_a_merge_are_told_for_what_they_are() -> None:
    """Where git has left them; in a text of several lines they may be meant."""
    sides = "<<<<<<< HEAD\n  - a\n=======\n  - b\n>>>>>>> other\n"
    said, hint = refusal(f"title: x\nparts:\n{sides}")
    assert ("f.yaml:3: git left both sides of a merge here", True) == (said, "decide between them" in hint)
    assert "<<<<<<< HEAD" in decode("title: |\n  <<<<<<< HEAD\n").title


def test_a_long_document_is_read() -> None:
    """As the lock of many CAs and releases is; only what is deep is refused."""
    text = "".join(f"key-{i}: 'a: [b-c]'\n" for i in range(9_000))
    assert len(document.parse(text, "f.yaml").value) == 9_000


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    """Nine levels of ten aliases each would be a thousand million values."""
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert refusal("\n".join(levels)) == ("f.yaml:1: holds more than 100000 values", "")


def test_aliases_that_repeat_a_long_text_are_refused_before_anybody_looks_at_each() -> None:
    """A megabyte and four thousand aliases of it are few values, and four thousand megabytes."""
    text = f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 4_000)}]\n"
    assert refusal(text) == ("f.yaml:1: holds more than 16777216 characters, by its aliases", "")

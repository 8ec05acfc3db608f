"""What recipes may say in metadata: keys that the format declares, each value in its form."""

from typing import Any

import pytest

from builder import formats
from builder.formats.metadata import modernised
from builder.text.faults import Fault
from tests.unit.formats.packages import SYSTEM, package, refusal

SYSTEM_FORMATS = ("apk", "deb", "pacman", "rpm")


def first(container: str, metadata: dict[str, Any], *, filled: bool = False) -> Fault | None:
    """Return the first thing that is wrong."""
    return next(formats.review(container, (), metadata, filled=filled), None)


@pytest.mark.parametrize("container", SYSTEM_FORMATS)
@pytest.mark.parametrize(
    "key",
    ["name", "version", "Essential", "essential", "contents", "maintainer", "Package", "files", "scripts"],
)
def test_nobody_can_say_what_is_not_metadata(container: str, key: str) -> None:
    """A name, a file or a field that makes a package hard to remove is no key of any format."""
    found = first(container, {key: "ca-certificates"})
    assert found is not None
    assert (found.path, found.message) == (
        ("metadata", key),
        f"container '{container}' has no metadata '{key}'",
    )


def test_an_unknown_key_names_the_nearest() -> None:
    """As everywhere in our files."""
    assert first("deb", {"depend": ["x"]}) == Fault(
        ("metadata", "depend"), "container 'deb' has no metadata 'depend'", "did you mean 'depends'?"
    )


@pytest.mark.parametrize(
    ("container", "metadata", "path", "text"),
    [
        ("deb", {"depends": "x"}, ("depends",), "depends: expected a list of texts"),
        ("deb", {"section": ["x"]}, ("section",), "section: expected one line of text"),
        ("deb", {"depends": [["x"]]}, ("depends", 0), "depends: expected text"),
        ("deb", {"origin": ""}, ("origin",), "origin: '' is not one line of visible text"),
        (
            "deb",
            {"priority": "hihg"},
            ("priority",),
            "priority: 'hihg' is not one of optional, standard, important, extra",
        ),
        (
            "deb",
            {"depends": ["aa", "aa >= 1"]},
            ("depends", 1),
            "depends: 'aa >= 1' is not a relation such as 'ca-certificates (>= 20230311)'",
        ),
        ("rpm", {"depends": ["a (>= 1)"]}, ("depends", 0), "depends: 'a (>= 1)' is not a relation such as "),
        ("apk", {"depends": ["a >= 1"]}, ("depends", 0), "depends: 'a >= 1' is not a package, perhaps with "),
        ("rpm", {"release": "1-2"}, ("release",), "release: '1-2' is not a release such as '1'"),
        ("apk", {"arch": "x86_64"}, ("arch",), "arch: 'x86_64' is not one of noarch"),
        ("rpm", {"description": " \n "}, ("description",), "description: ' \\u000a ' is not visible text"),
    ],
)
def test_each_value_has_its_form(
    container: str, metadata: dict[str, Any], path: tuple[str | int, ...], text: str
) -> None:
    """The path leads to the item, and the text says what is expected, in words."""
    found = first(container, metadata)
    assert found is not None
    assert found.path == ("metadata", *path)
    assert found.message.startswith(text)


@pytest.mark.parametrize("container", SYSTEM_FORMATS)
@pytest.mark.parametrize(
    "injected", ["x\nEssential: yes", "x\rEssential: yes", "x\x00", "x\u2028y", "x\x1b[2J"]
)
def test_no_value_can_begin_another_field(container: str, injected: str) -> None:
    """A line break or control character is refused in every key, before a recipe is filled and after."""
    for key, known in formats.WRITERS[container].METADATA.items():
        value = [injected] if known.form == "list" else injected
        lines = known.form == "text" and injected == "x\nEssential: yes"
        for filled in (False, True):
            assert (first(container, {key: value}, filled=filled) is None) == lines, key


def test_placeholders_are_judged_when_they_are_filled() -> None:
    """A recipe's `{release}` may stand anywhere; what a configuration puts there may not."""
    metadata = {"depends": ["{slug}-base (>= {release})"], "section": "{slug}"}
    assert first("deb", metadata) is None
    assert first("deb", metadata, filled=True) is not None


@pytest.mark.parametrize(
    ("container", "metadata", "expected"),
    [
        (
            "deb",
            {
                "section": "misc",
                "priority": "optional",
                "description": "{summary}\n{paragraph}",
                "depends": ["ca-certificates"],
                "deb": {"compression": "gzip", "fields": {"Multi-Arch": "foreign"}},
            },
            {"multi_arch": "foreign"},
        ),
        (
            "rpm",
            {
                "release": "1",
                "depends": ["/bin/sh", "ca-certificates"],
                "description": "{paragraph}",
                "rpm": {
                    "summary": "{summary}",
                    "arch": "noarch",
                    "group": "System Environment/Base",
                    "compression": "gzip",
                },
            },
            {"summary": "{summary}", "arch": "noarch", "group": "System Environment/Base"},
        ),
        (
            "apk",
            {"release": "0", "depends": ["ca-certificates"], "apk": {"arch": "noarch"}},
            {"arch": "noarch"},
        ),
    ],
    ids=["deb", "rpm", "apk"],
)
def test_what_built_in_recipes_said_before_is_understood(
    container: str, metadata: dict[str, Any], expected: dict[str, str]
) -> None:
    """An exported recipe goes on working, and each old key is answered with the new one."""
    modern, warnings = modernised(container, metadata)
    assert modern == {key: value for key, value in metadata.items() if key != container} | expected
    assert list(formats.review(container, (), modern)) == []
    texts = [one.message for one in warnings]
    assert all(any(f"is now called metadata.{key}" in text for text in texts) for key in expected)
    assert len(warnings) == len(expected) + (container != "apk")


@pytest.mark.parametrize(
    ("own", "key"),
    [
        ({"fields": {"Essential": "yes"}}, "deb.fields.Essential"),
        ({"compression": "xz"}, "deb.compression"),
        ({"scripts": {"rules": "/etc/passwd"}}, "deb.scripts.rules"),
        ({"signature": {"key_file": "/root/key"}}, "deb.signature.key_file"),
    ],
)
def test_what_they_never_said_is_not(own: dict[str, Any], key: str) -> None:
    """Nfpm's other keys were doors to files of the build machine."""
    modern, warnings = modernised("deb", {"deb": own})
    assert warnings == []
    found = first("deb", modern)
    assert found is not None
    assert found.message == f"container 'deb' has no metadata '{key}'"


def test_an_unknown_script_names_the_nearest() -> None:
    """It is never left out in silence."""
    wanted = package("deb", *SYSTEM, output="package", scripts={"postinst": b"#!/bin/sh\n"})
    assert refusal(wanted) == (
        "recipe thing, output package: container 'deb' has no script 'postinst'",
        "did you mean 'postinstall'?",
    )


@pytest.mark.parametrize("container", ["apk", "deb", "rpm"])
def test_a_script_says_what_runs_it(container: str) -> None:
    """Without an interpreter each package manager would do something else."""
    wanted = package(container, *SYSTEM, scripts={"postinstall": b"true\n"})
    message = "recipe thing: script postinstall: does not start with #! and an absolute path"
    assert refusal(wanted)[0] == message

"""The house's words: the field's own, one name for one thing, and none that only its builders knew."""

import ast
import re
from collections import defaultdict

from tests.rooms import BUILDER
from tests.test_repository import texts

# What replaced each: replica, trust snapshot, successor, partition, duplicate entry, client-reported only …
_OLD = re.compile(
    r"(?<![a-z])(twins?|holdings?|heirs?|parted|stands? there twice|calendar has the day|stranger's word"
    r"|(?:clients'|client's|its) own word)(?![a-z])",  # in the middle of a name, too
    re.IGNORECASE,
)
_READ = ("builder/", "templates/", "recipes/", ".github/", "README.md", "CHANGELOG.md")


def test_no_text_has_a_word_that_only_its_builders_knew() -> None:
    """Code, messages, help, templates, recipes and documents; a list of foreign names may have any."""
    read = {path: text for path, text in texts().items() if path.startswith(_READ) and path[-4:] != ".csv"}
    assert {path: found[0] for path, text in read.items() if (found := _OLD.search(text))} == {}


def test_no_two_classes_share_a_name() -> None:
    """A name means one thing, in whichever room it is used."""
    found = defaultdict(list)
    for path in sorted(BUILDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(BUILDER)))
    assert {name: files for name, files in found.items() if len(files) > 1} == {}

"""The list of pages, and of the documents that have a schema."""

import pytest

from builder import docs
from builder.docs import schemas
from builder.errors import UsageError


def test_a_page_has_its_title_and_no_marks_of_what_is_generated() -> None:
    """What is shown is what people read."""
    page = docs.read("rules")
    assert (page.name, page.title) == ("rules", "Check a bundle: the linter and its rules")
    assert page.text.startswith(f"# {page.title}\n")
    assert "<!--" not in page.text
    assert "#### private-key\n" in page.text


def test_the_index_is_no_page() -> None:
    """It is for those who read the folder; the command lists the pages itself."""
    with pytest.raises(UsageError) as found:
        docs.read("README")
    assert str(found.value) == "README: there is no such page"


@pytest.mark.parametrize("name", ["../docs/rules", "/etc/passwd", "rules.md", ""])
def test_a_name_is_never_a_path(name: str) -> None:
    """Only what is listed is read."""
    with pytest.raises(UsageError):
        docs.read(name)


def test_an_unknown_document_is_told_with_the_nearest() -> None:
    """As an unknown page is."""
    with pytest.raises(UsageError) as found:
        schemas.schema("manifes")
    assert (str(found.value), found.value.hint) == (
        "manifes: there is no such document",
        "did you mean 'manifest'?",
    )

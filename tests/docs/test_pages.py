"""The guide's pages: all listed, each says for whom it is, and what they name is there."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from builder import docs, render
from builder.model.release import Release
from tests import targets
from tests.docs.blocks import GUIDE, PAGES, ROOT
from tests.unit import bundles

DECISIONS = sorted((ROOT / ".github" / "decisions").glob("*.md"))
FILES = {
    **PAGES,
    "index": GUIDE / "README.md",
    **{path.stem: path for path in (ROOT / ".github").glob("*.md")},
}
# Pages whose reader has one package and the commands of its recipe.
SYSTEMS = [
    name
    for name, target in targets.ALL.items()
    if target.recipe.testbed in {"system", "homebrew"} and name in docs.NAMES
]
SAYS = re.compile(r"^What the (?:package|gem) says.*?\n\n(?P<table>(?:\|.*\n)+)", re.MULTILINE)


def test_every_page_is_listed() -> None:
    """A file that is not in the list would be shown by nobody."""
    assert {path.stem for path in GUIDE.glob("*.md")} == {*docs.NAMES, "README"}
    assert len(docs.NAMES) == len(set(docs.NAMES))


def test_every_target_has_a_page_for_who_is_given_its_package() -> None:
    """But for those that are built only where somebody asks for them."""
    assert set(targets.BY_DEFAULT) - set(docs.NAMES) == set()


@pytest.mark.parametrize("name", docs.NAMES)
def test_a_page_says_for_whom_it_is_and_what_they_will_have(name: str) -> None:
    """In its first paragraph, below its title."""
    title, said = PAGES[name].read_text("utf-8").split("\n\n")[:2]
    assert title.startswith("# ")
    assert said.startswith("*For ")
    assert "At the\nend" in said or "At the end" in said


@pytest.mark.parametrize("page", FILES)
def test_every_link_leads_to_something(page: str) -> None:
    """Another page, a heading in it, or a file of the repository."""
    path = FILES[page]
    broken = [link for link in _links(path) if not _leads(path, link)]
    assert broken == []


def _links(path: Path) -> list[str]:
    tokens = MarkdownIt().enable("table").parse(path.read_text("utf-8"))
    found = [
        str(child.attrs["href"])
        for token in tokens
        for child in token.children or ()
        if child.type == "link_open"
    ]
    return [link for link in found if "://" not in link]


def _leads(path: Path, link: str) -> bool:
    file, _, heading = link.partition("#")
    to = (path.parent / file).resolve() if file else path
    if not to.is_relative_to(ROOT) or not to.exists():
        return False
    return not heading or heading in map(_slug, _headings(to))


def _headings(path: Path) -> list[str]:
    tokens = MarkdownIt().parse(path.read_text("utf-8"))
    return [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]


def _slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("target", SYSTEMS)
def test_a_packages_page_has_the_commands_of_its_recipe(target: str) -> None:
    """Those that the manifest names, and that the tests of the packages are about."""
    chosen = targets.ALL[target]
    release = render.target_release(
        chosen.recipe,
        chosen.source.templates,
        bundles.organisation(),
        bundles.bundle(),
        Release("2026.10"),
        epoch=0,
    )
    names = {output.id: file for output, file in zip(chosen.recipe.outputs, chosen.files(), strict=True)}
    text = PAGES[target].read_text("utf-8")
    commands = [line for said in render.commands(release, names).values() for line in said.splitlines()]
    assert [line for line in commands if line not in text] == []


@pytest.mark.parametrize(
    "target", [name for name in docs.NAMES if SAYS.search(PAGES[name].read_text("utf-8"))]
)
def test_what_a_page_lets_a_package_say_is_in_the_package(target: str) -> None:
    """Who looks for an error's text must find the one that is printed."""
    package = "\n".join(
        path.read_text("utf-8") for path in (ROOT / "templates" / target).iterdir() if path.is_file()
    )
    missing = [
        part
        for table in SAYS.finditer(PAGES[target].read_text("utf-8"))
        for row in table["table"].splitlines()[2:]
        for said in re.findall(r"`([^`]+)`", row.split(" | ")[0])
        for part in said.split("…")
        if part.strip() not in package
    ]
    assert missing == []


def test_there_are_messages_to_look_for() -> None:
    """Every package that has something to say has such a table."""
    assert {name for name in docs.NAMES if SAYS.search(PAGES[name].read_text("utf-8"))} == {
        "deb",
        "gem",
        "npm",
        "rpm",
        "wheel",
    }


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_and_what_follows(path: Path) -> None:
    """Each has its number as its title, and three parts."""
    text = path.read_text("utf-8")
    assert text.startswith(f"# {int(path.stem[:4])}. ")
    assert re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_decisions_are_numbered_in_their_order() -> None:
    """A replaced one keeps its number."""
    assert [int(path.stem[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))

"""The code blocks of the README and the guide, as CommonMark has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from builder.docs import NAMES

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "builder" / "docs"
PAGES = {"README": ROOT / "README.md"} | {name: GUIDE / f"{name}.md" for name in NAMES}


@dataclass(frozen=True)
class Block:
    """One code block: where it begins, its language, other words beside that, and its text."""

    page: str
    line: int
    language: str
    options: dict[str, str]
    text: str

    @property
    def where(self) -> str:
        """The page and the line, for people."""
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The name of the file that the block is the content of, empty where its first line names none.

        Such a line is a comment of nothing but a name: `# trustpack.yaml`, `{# templates/deb/x.j2 #}`.
        """
        words = self.text.split("\n", 1)[0].split()
        named = len(words) > 1 and words[0] in {"#", "{#", "//"} and set(words[2:]) <= {"#}"}
        return words[1] if named and "." in words[1] else ""


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order."""
    return list(_parsed(page, PAGES[page].read_text("utf-8")))


def every() -> list[Block]:
    """Return the blocks of all pages."""
    return [block for page in PAGES for block in blocks(page)]


def _parsed(page: str, text: str) -> Iterator[Block]:
    for token in MarkdownIt().parse(text):
        if token.type in {"fence", "code_block"}:
            language, *words = token.info.split() or [""]
            options = dict(word.split("=", 1) for word in words)
            line = (token.map or [0])[0] + 2
            yield Block(page, line, language, options, token.content)

"""The parts of the guide that are made from the code are what the code says now.

`pytest tests/docs/test_generated.py --update-golden` writes them anew; git diff shows the change.
"""

import re

import pytest

from tests import generated
from tests.docs.blocks import GUIDE
from tests.docs.parts import PARTS


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_what_the_code_says(name: str, request: pytest.FixtureRequest) -> None:
    """A key, option, rule or filter that comes, goes or changes does so in the guide, too."""
    page, make = PARTS[name]
    generated.check(GUIDE / f"{page}.md", name, make(), update=request.config.getoption("--update-golden"))


def test_every_part_is_made_by_something() -> None:
    """No page has a part that nothing refreshes."""
    found = {
        name
        for page in GUIDE.glob("*.md")
        for name in re.findall(r"<!-- generated: (.+) -->", page.read_text())
    }
    assert found == set(PARTS)

"""Parts of checked-in Markdown that are made from the code: compared, or written anew with --update-golden.

A part lies between `<!-- generated: NAME -->` and `<!-- /generated -->`, each on a line of its own.
"""

from pathlib import Path


def check(path: Path, name: str, expected: str, *, update: bool) -> None:
    """Assert that the part `name` of a file is `expected`; with `update`, write it first."""
    begin, end = f"<!-- generated: {name} -->\n", "<!-- /generated -->\n"
    before, _, rest = path.read_text("utf-8").partition(begin)
    part, found, after = rest.partition(end)
    assert found, f"{path}: has no part '{name}'"
    wanted = f"\n{expected.strip()}\n\n"
    if update:
        path.write_text(f"{before}{begin}{wanted}{end}{after}", "utf-8")
        part = wanted
    assert part == wanted, "pytest --update-golden refreshes it"

"""The repository as a stranger clones it: its shape, and nothing in it of the machine it was made on."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.tools import NO_HOME, require

ROOT = Path(__file__).parents[1]
TOP = {
    "pyproject.toml",
    "README.md",
    "builder",
    "templates",
    "recipes",
    "tests",
    "dist",
    "LICENSE",
    "CHANGELOG.md",
}
# Taken apart, so that this file may be searched like any other.
HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "registry.yarnpkg" + ".com",
    "rubygems" + ".org",
    "crates" + ".io",
    "proxy.golang" + ".org",
    "repo1.maven" + ".org",
    "repo.maven.apache" + ".org",
    "deb.debian" + ".org",
    "security.debian" + ".org",
    "snapshot.debian" + ".org",
    "ftp.debian" + ".org",
]
MACHINE = [
    r"/wo" + r"rk/",
    r"\.\./sha" + r"red\b",
    r"/ro" + r"ot/\.(?:pyenv|cargo|npm|cache)",
    r"/ho" + r"me/(?!linuxbrew/)[a-z]+/",
]


def tracked() -> list[str]:
    """Return the path of every file in git; skip or fail where this is no clone."""
    command = [require("git"), "-C", str(ROOT), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": NO_HOME})
    if done.returncode != 0:
        pytest.skip("this is no git clone")
    return done.stdout.split("\0")[:-1]


def texts() -> dict[str, str]:
    """Return every tracked file that is text."""
    found = {}
    for path in tracked():
        file = ROOT / path
        if file.is_file() and not file.is_symlink():
            try:
                found[path] = file.read_text("utf-8")
            except UnicodeDecodeError:
                continue
    return found


def test_the_top_level_is_what_the_design_fixes() -> None:
    """Everything has its place below these; dot files may stand beside them."""
    top = {path.split("/")[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP
    assert {
        "pyproject.toml",
        "README.md",
        "builder",
        "templates",
        "recipes",
        "tests",
        "dist",
        "LICENSE",
    } <= top


def test_the_output_folder_is_in_git_only_as_an_empty_folder() -> None:
    """What is built is never committed."""
    assert [path for path in tracked() if path.startswith("dist/")] == ["dist/.gitkeep"]


def test_every_target_has_a_recipe_and_its_folder_that_name() -> None:
    """A folder without a recipe is left over; a recipe without templates ships none."""
    recipes = {Path(path).stem for path in tracked() if path.startswith("recipes/")}
    folders = {path.split("/")[1] for path in tracked() if path.startswith("templates/")}
    assert folders - {"site"} <= recipes  # what a site itself shows and ships


# The table of those that `trustpack names` asks: no client's setting says which are public.
PUBLIC = "builder/publish/public.py"


@pytest.mark.parametrize("pattern", [*map(re.escape, HOSTS), *MACHINE])
def test_no_file_names_this_machine_or_a_registry(pattern: str) -> None:
    """Paths would not be there for others; a registry is each client's own setting."""
    found = {path for path, text in texts().items() if re.search(pattern, text)}
    assert found - {PUBLIC} == set()
    if pattern in MACHINE:
        assert found == set()


def test_no_module_is_a_drawer_for_everything() -> None:
    """Modules are named after one noun or stage, and none of ours is longer than it can be read."""
    modules = [path for path in tracked() if path.startswith("builder/") and path.endswith(".py")]
    drawers = re.compile(r"(?:^|/|_)(?:utils?|helpers?|managers?|common|misc)(?:_|\.py|/)")
    assert [path for path in modules if drawers.search(path)] == []
    # The table of lint rules is read one row at a time.
    read = [ROOT / path for path in modules if path != "builder/rules.py" and (ROOT / path).exists()]
    assert [path for path in read if path.read_text().count("\n") > 320] == []


def test_no_test_is_marked_to_be_skipped_for_good() -> None:
    """A test is skipped only where a program or a right is missing, and then fails in CI."""
    found = {
        path for path, text in texts().items() if path.startswith("tests/") and "mark." + "skip(" in text
    }
    assert found == set()

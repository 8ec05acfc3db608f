"""Every code block of the README and the guide is read by what reads its language, or run."""

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from builder import config
from builder.errors import ConfigError
from builder.render import recipe
from builder.render.recipe import RecipeSource
from tests import powershell
from tests.cli.conftest import PROGRAM
from tests.docs.blocks import Block, every
from tests.tools import require

BUNDLE = Path(__file__).parent / "bundle"
NOT_RUN = Path(__file__).parent / "not-run.txt"
# Languages of blocks that are no program, or that the reader's next command reads.
SHOWN = {"jinja", "mermaid", "yaml"}
# Of web servers, which tests/repositories/test_webservers.py starts with them.
SERVERS = {"apache", "caddy", "lighttpd", "nginx"}
# No Gradle is to be had here: what its language is, nothing reads.
LANGUAGES = {
    *SHOWN, *SERVERS, "console", "dockerfile", "go", "json", "kotlin", "powershell", "python", "sh", "sql",
    "xml",
}  # fmt: skip
# Versions of what a base image's package manager installs are the image's.
IGNORED = ("DL3008", "DL3018", "DL3041")


def of(*languages: str) -> list[object]:
    """Return the blocks in some languages as parameters of a test."""
    return [pytest.param(block, id=block.where) for block in every() if block.language in languages]


def complaints(*command: str, text: str) -> str:
    """Return what a linter says about a text."""
    done = subprocess.run(
        [require(command[0]), *command[1:]],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={"LANG": "C.UTF-8"},
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_every_block_says_its_language() -> None:
    """One that does not is read by nothing."""
    assert [block.where for block in every() if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("block", of("sh"))
def test_shellcheck_finds_no_fault_in_a_shell_block(block: Block) -> None:
    """As POSIX sh."""
    assert complaints("shellcheck", "--shell=sh", "--format=gcc", "-", text=block.text) == ""


@pytest.mark.parametrize("block", of("dockerfile"))
def test_hadolint_finds_no_fault_in_a_dockerfile(block: Block) -> None:
    """Nor in the commands in it."""
    ignored = [word for rule in IGNORED for word in ("--ignore", rule)]
    assert complaints("hadolint", "--no-color", *ignored, "-", text=block.text) == ""


@pytest.mark.parametrize("block", of("powershell"))
def test_a_powershell_block_is_powershell(block: Block) -> None:
    """By its grammar."""
    assert powershell.faults(block.text.encode()) == []


@pytest.mark.parametrize("block", of("xml"))
def test_xml_is_well_formed(block: Block) -> None:
    """A part of a document, as people paste it."""
    ET.fromstring(f"<part>{block.text}</part>")  # noqa: S314  our own


@pytest.mark.parametrize("block", of("python"))
def test_python_can_read_a_python_block(block: Block) -> None:
    """It is a whole program."""
    compile(block.text, block.where, "exec")


@pytest.mark.parametrize("block", of("yaml"))
def test_a_yaml_block_is_read_by_what_reads_its_file(block: Block, tmp_path: Path) -> None:
    """A configuration and a recipe by trustpack, anything else as YAML."""
    value = yaml.safe_load(block.text)
    file = tmp_path / Path(block.file or "block.yaml").name
    file.write_text(block.text, "utf-8")
    if "organisation" in value:
        # One of many lies in a folder of its name.
        assert config.read(file).organisation.slug == (Path(block.file).parent.name or "acme")
    elif block.file.startswith("recipes/"):
        _read_recipe(block, tmp_path)


def _read_recipe(block: Block, folder: Path) -> None:
    """Read a recipe beside the templates that its page shows."""
    name = Path(block.file).stem
    shown = [other for other in every() if other.page == block.page]
    for each in (block, *(other for other in shown if other.file.startswith(f"templates/{name}/"))):
        (folder / each.file).parent.mkdir(parents=True, exist_ok=True)
        (folder / each.file).write_text(each.text, "utf-8")
    source = RecipeSource(name, folder / block.file, folder / "templates" / name)
    assert recipe.read(source).target == name


def test_a_wrong_configuration_would_be_found(tmp_path: Path) -> None:
    """The reader that judges the guide's examples is the strict one."""
    file = tmp_path / "trustpack.yaml"
    file.write_text("organisation: {slug: acme}\nbundle: {path: [roots.pem]}\n")
    with pytest.raises(ConfigError, match="unknown key 'path'"):
        config.read(file)


def test_what_is_not_run_is_listed_with_its_reason() -> None:
    """A new block is run, or somebody says why not; a reason whose block is gone goes, too."""
    listed = {(page, line) for page, line, _ in _not_run()}
    assert listed == {(block.page, _first(block)) for block in every() if _unrun(block)}
    assert [line for _, line, reason in _not_run() if not reason] == []


def _not_run() -> Iterator[tuple[str, str, str]]:
    """Yield the page, the first line and the reason of each block in the list."""
    for line in NOT_RUN.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            page, _, rest = line.partition(" | ")
            first, _, reason = rest.rpartition(" | ")  # a first line may have a pipe in it
            yield page, first, reason


def _unrun(block: Block) -> bool:
    return block.language not in {*SHOWN, *SERVERS, "console"} and not block.file


def _first(block: Block) -> str:
    return block.text.split("\n", 1)[0].strip()


@pytest.mark.parametrize(
    "block",
    [block for block in every() if block.page in {"README", "configuration"} and block.language == "yaml"],
    ids=lambda block: block.where,
)
def test_a_sample_configuration_builds_twice(block: Block, tmp_path: Path) -> None:
    """On the next day, with a root more, it makes the next release: nothing in it is for one build alone."""
    (tmp_path / "trustpack.yaml").write_text(block.text)
    for day, names in (("2026-11-28", ("roots",)), ("2026-11-29", ("roots", "new-root"))):
        (tmp_path / "roots.pem").write_text("".join((BUNDLE / f"{name}.pem").read_text() for name in names))
        words = ["--target", "deb,pem", "--now", f"{day}T00:00:00Z", "--quiet"]
        done = subprocess.run(
            [PROGRAM, "build", *words], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert "20261129" in (tmp_path / "dist" / "manifest.json").read_text()

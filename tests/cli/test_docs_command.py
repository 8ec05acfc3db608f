"""`trustpack docs`: the guide on a terminal and in a pipe."""

import os
import pty
import subprocess

from builder.docs import NAMES
from tests.cli.conftest import ENVIRONMENT, PROGRAM, World


def shown(*arguments: str, **environment: str) -> str:
    """Return what trustpack shows on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=ENVIRONMENT | {"TERM": "xterm"} | environment,
    ) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux's end of a terminal that nobody has open any more
                break
            if not part:
                break
            parts.append(part)
        assert process.wait(timeout=60) == 0
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_without_a_page_all_are_listed(world: World) -> None:
    """With their titles, by what they are for."""
    done = world.run("docs")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines() if line.startswith("  ")] == list(NAMES)
    assert ["rotate", "Rotate a CA"] in [line.split(maxsplit=1) for line in done.out.splitlines()]


def test_a_page_in_a_pipe_is_its_markdown(world: World) -> None:
    """Whole, but for the comments that mark generated parts."""
    done = world.run("docs", "exit-codes")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("# Exit codes\n")
    assert "| 11 | " in done.out
    assert "<!--" not in done.out


def test_a_page_on_a_terminal_is_in_the_pager_of_its_reader() -> None:
    """$PAGER gets the text, and nothing else is printed."""
    assert shown("docs", "rotate", PAGER="head -n 1") == "# Rotate a CA\n"


def test_a_terminal_that_cannot_page_gets_the_text() -> None:
    """As it is, without a colour or another sequence."""
    said = shown("docs", "exit-codes", TERM="dumb")
    assert said.startswith("# Exit codes\n")
    assert "\x1b" not in said


def test_a_pager_that_is_not_there_hides_no_page() -> None:
    """The page is printed, and the variable named."""
    said = shown("docs", "exit-codes", PAGER="nosuch --quiet", TERM="xterm")
    assert said.startswith("note: $PAGER is nosuch, and there is no such program")
    assert "# Exit codes" in said


def test_an_unknown_page_is_told_with_the_nearest(world: World) -> None:
    """Its exit code is the command line's."""
    done = world.run("docs", "rotat")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: rotat: there is no such page\nhint: did you mean 'rotate'?\n"


def test_a_shell_completes_pages(world: World) -> None:
    """By their beginning."""
    done = world.run(
        "docs",
        env={"_TRUSTPACK_COMPLETE": "complete_bash", "COMP_WORDS": "trustpack docs rot", "COMP_CWORD": "2"},
    )
    assert done.out.split() == ["rotate"]


def test_help_names_the_guide(world: World) -> None:
    """A newcomer who asks for help is told where it is."""
    assert "'trustpack docs'" in world.run("--help").out

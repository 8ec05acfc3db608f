"""tests/run: what it starts, with stand-ins for what it would install and for the tests."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools import NO_HOME, ignoring_interrupts

ROOT = Path(__file__).parents[1]
# It notes its words, its bytecode setting and the signals that it ignores.
PYTHON = """\
#!/bin/sh
echo "$* [${PYTHONDONTWRITEBYTECODE-unset}]" >>"$CALLS"
case $* in
*sysconfig*) dirname "$CALLS" ;;
*FAILING*) exit 7 ;;
esac
sed -n 's/^SigIgn:\t*//p' /proc/self/status >"$CALLS.ignored" 2>/dev/null || :
"""
# Nothing is installed on this machine, nor mounted.
OTHERS = {"id": "echo 1000", "npm": 'echo "npm $*" >>"$CALLS"', "unshare": "exit 1", "mvn": "", "java": ""}
CHILD = """
import signal
import subprocess

def test_child():
    with subprocess.Popen(["sleep", "60"]) as child:
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == -signal.SIGINT
"""
BENCHMARKS = sorted(file for file in (ROOT / "tests/bench").glob("*.py") if "def main" in file.read_text())
PYTEST = "-m pytest -n 2 --dist loadfile --no-loadscope-reorder"


@dataclass(frozen=True)
class Run:
    """What tests/run may find, and where its stand-ins note what they are asked for."""

    folder: Path

    def start(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it."""
        return subprocess.run(
            [ROOT / "tests" / "run", *words], capture_output=True, text=True, check=False,
            env={
                "PATH": f"{self.folder}/bin:{os.defpath}",
                "TRUSTPACK_TEST_ENVIRONMENT": str(self.folder),
                "CALLS": str(self.folder / "calls"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **more,
            },
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        """Return what was started after the packages had been installed."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if "pip install" not in line and "sysconfig" not in line]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Lay out an environment that has everything, and an unprivileged user."""
    (tmp_path / "bin").mkdir()
    for name, text in ({"python": PYTHON, "pip": "#!/bin/sh\n"} | OTHERS).items():
        (tmp_path / "bin" / name).write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    return Run(tmp_path)


def test_all_tests_run_with_the_words_of_pytest(run: Run) -> None:
    """It says how long it takes, what is missing, and where the log is."""
    done = run.start("tests/unit", "-k", "a or b", "--long")
    assert (0, "") == (done.returncode, done.stderr)
    prepared = ["-m tests.jruby [1]", "-m tests.validators [1]", "-m tests.java [1]", "-m tests.pinned [1]"]
    assert [*prepared, f"{PYTEST} tests/unit -k a or b --long [1]"] == run.calls[3:]
    assert [True] * 3 == [call.startswith("npm ci ") for call in run.calls[:3]]
    first, second = done.stdout.splitlines()[:2]
    assert re.search(r"\d+ minutes .* \d+ GB .* \d+ GB of disk", first)
    assert second == f"What installers say is in {run.folder}/tests-run.log"
    assert "the right to mount is missing" in done.stdout


def test_a_quick_run_needs_nothing_but_python(run: Run) -> None:
    """Neither npm's packages nor Debian's systems; what to test may still be named."""
    assert run.start("--quick", "-x").returncode == 0
    [call] = run.calls
    assert call.startswith("-m pytest -o testpaths=tests/unit tests/test_linters.py ")
    assert call.endswith(" -x [1]")


@pytest.mark.parametrize("named", [(), ("lint", "tests/bench/build.py")])
def test_benchmarks_run_as_modules_that_may_be_compiled(run: Run, named: tuple[str, ...]) -> None:
    """All, or those that are named."""
    names = [Path(name).stem for name in named or sorted((ROOT / "tests/bench").glob("*.py"))]
    assert run.start("--bench", *named).returncode == 0
    assert [f"-m tests.bench.{name} [unset]" for name in names] == run.calls


def test_a_benchmark_that_fails_does_not_stop_the_others(run: Run) -> None:
    """The result is still a failure."""
    assert run.start("--bench", "FAILING", "lint").returncode == 1
    assert ["-m tests.bench.FAILING [unset]", "-m tests.bench.lint [unset]"] == run.calls


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda file: file.stem)
def test_a_benchmark_says_in_one_sentence_what_it_needs(file: Path) -> None:
    """It measures nothing without, and shows no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{file.stem}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PYTHONDONTWRITEBYTECODE": "1", "HOME": NO_HOME, "PATH": os.defpath},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{file.stem}: needs ")


def test_an_installer_that_fails_is_told_with_its_last_words(run: Run) -> None:
    """And with the log that has all of them."""
    (run.folder / "bin" / "npm").write_text("#!/bin/sh\necho no such package\nexit 1\n")
    done = run.start()
    assert (1, f"error: npm failed; all it said is in {run.folder}/tests-run.log\n") == (
        done.returncode,
        done.stderr,
    )
    assert done.stdout.endswith("\nno such package\n")


def test_ctrl_c_ends_the_tests_of_a_background_job_too(run: Run) -> None:
    """Where a script started it with SIGINT ignored, nothing that it starts ignores it."""
    probe = ["env", "--default-signal=INT", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("only GNU env gives signals back; elsewhere, pytest alone does so by itself")
    with ignoring_interrupts():
        assert run.start("--quick").returncode == 0
    ignored = int((run.folder / "calls.ignored").read_text(), 16)
    assert ignored & 1 << (signal.SIGINT - 1) == 0


def test_a_program_that_a_test_starts_can_be_interrupted(tmp_path: Path) -> None:
    """Also where nothing but pytest was started, in the background."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_child.py").write_text(CHILD)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--quiet",
        "--rootdir",
        str(tmp_path),
    ]
    with ignoring_interrupts():
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

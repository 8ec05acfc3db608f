"""What jobs install by digest: the part of tests/requirements.txt that trustpack needs.

`pytest tests/ci/test_requirements.py --update-golden` writes the files anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import subprocess
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from builder import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "builder/ci/requirements.txt"
ACTION = ROOT / ".github/actions/trustpack/build-requirements.txt"
# What a requirement may depend on, in every combination.
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"))
HEADS = {
    JOBS: """\
# What trustpack[cloud] depends on, by digest, for Python 3.11 and newer on Linux and macOS.
# 'trustpack init --ci' writes it; 'trustpack docs ci' tells how to refresh it, and how to pin trustpack, too.
""",
    ACTION: """\
# What builds trustpack from this commit. Made of tests/requirements.txt by tests/ci/test_requirements.py.
""",
}
UV = """\
# 'trustpack publish --to pypi' runs uv: take '# ' from these lines for it.
"""


def needed(name: str, extras: frozenset[str] = frozenset(), *, seen: set[str] | None = None) -> set[str]:
    """Return the names of what a distribution needs, on any of the systems; its own is among them."""
    seen = set() if seen is None else seen
    key = f"{canonicalize_name(name)}{sorted(extras)}"
    if key in seen:
        return set()
    seen.add(key)
    found: set[str] = {canonicalize_name(name)}
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # it is another Python's, and needs nothing
        return found
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or any(map(requirement.marker.evaluate, _environments(extras))):
            found |= needed(requirement.name, frozenset(requirement.extras), seen=seen)
    return found


def _environments(extras: frozenset[str]) -> Iterator[dict[str, str]]:
    for python in PYTHONS:
        for platform, system, machine in SYSTEMS:
            for extra in extras or {""}:
                yield {
                    "python_version": python, "python_full_version": f"{python}.0", "sys_platform": platform,
                    "platform_system": system, "platform_machine": machine, "extra": extra,
                }  # fmt: skip


def pinned() -> Mapping[str, str]:
    """Return the entry of each distribution in tests/requirements.txt."""
    text = (ROOT / "tests/requirements.txt").read_text("utf-8")
    entries = re.findall(r"^([\w.-]+)(==.*\n(?:    .*\n)+)", text, re.MULTILINE)
    return {name: f"{name}{rest}" for name, rest in entries}


def made(file: Path) -> str:
    """Return what a file is to hold."""
    entries = pinned()
    if file == ACTION:
        return HEADS[file] + "".join(entries[name] for name in sorted(needed("hatchling")))
    names = needed("trustpack", frozenset({"cloud"})) - {"trustpack"}
    uv = "".join(f"# {line}\n" for line in entries["uv"].splitlines())
    return HEADS[file] + "".join(entries[name] for name in sorted(names)) + UV + uv


@pytest.mark.parametrize("file", HEADS, ids=["jobs", "action"])
def test_what_jobs_install_is_what_tests_run_with(file: Path, request: pytest.FixtureRequest) -> None:
    """The versions and digests of tests/requirements.txt, and nothing that trustpack does not need."""
    expected = made(file)
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(expected, "utf-8")
    assert expected == file.read_text("utf-8"), "pytest --update-golden refreshes it"


def test_what_the_metadata_names_is_pinned() -> None:
    """Each requirement of pyproject.toml is there, in a version that it takes."""
    versions = dict(re.findall(r"^([\w.-]+)==([\w.]+)", JOBS.read_text("utf-8"), re.MULTILINE))
    for line in importlib.metadata.requires("trustpack") or []:
        requirement = Requirement(line)
        if "extra" not in line or 'extra == "cloud"' in line.replace("'", '"'):
            assert versions[canonicalize_name(requirement.name)] in requirement.specifier
    assert not versions.keys() & {"trustpack", "pytest", "uv"}


@pytest.mark.long
def test_jobs_install_by_digest_alone_and_trustpack_too_where_its_digest_is_appended(
    wheels: Path, tmp_path: Path
) -> None:
    """As the guide says, from the registry; with another digest than the wheel's nothing is installed."""
    venv.create(tmp_path / "python", with_pip=True, symlinks=True)
    pip = [str(tmp_path / "python/bin/python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    pip += ["--disable-pip-version-check", "--find-links", str(wheels)]
    wheel = next(wheels.glob("*.whl")).read_bytes()
    file = tmp_path / "requirements.txt"
    for data, ends in ((b"another", "DO NOT MATCH THE HASHES"), (wheel, "")):
        digest = hashlib.sha256(data).hexdigest()
        own = f"trustpack[cloud]=={__version__} \\\n    --hash=sha256:{digest}\n"
        file.write_text(JOBS.read_text("utf-8") + own)
        command = [*pip, "--require-hashes", "-r", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (bool(ends), True) == (done.returncode != 0, ends in done.stderr), done.stderr
    command = [*pip, "--no-deps", "--no-index", f"trustpack[cloud]=={__version__}"]
    for words in (command, [str(tmp_path / "python/bin/trustpack"), "--version"]):
        done = subprocess.run(words, env={}, capture_output=True, text=True, check=True)
    assert __version__ in done.stdout

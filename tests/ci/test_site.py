"""Our own site: the action, the demonstration's organisation, and the workflow from end to end."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests import site_keys
from tests.ci.actions import Service
from tests.ci.conftest import commit, installed, packed, secrets_left
from tests.ci.projects import git, trustpack
from tests.ci.standins import GitHub, listening_at
from tests.test_repository import tracked
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
ACTION = ".github/actions/trustpack/action.yml"
WORKFLOW = ".github/workflows/site.yml"
PAGES = "https://${GITHUB_REPOSITORY_OWNER,,}.github.io/${GITHUB_REPOSITORY#*/}"
MAIN = {"head_branch": "main", "head_repository_id": 1, "repository_id": 1}
RELEASE = yaml.safe_load((ROOT / ".github/demo/trustpack.lock").read_text("utf-8"))["history"][0]["release"]


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Return a copy of the demonstration's folder."""
    return Path(shutil.copytree(ROOT / ".github/demo", tmp_path / "demo"))


def test_the_demonstration_is_locked_and_builds(demo: Path) -> None:
    """A packaging revision that is raised, say, needs `trustpack lock --bump` in .github/demo."""
    trustpack(demo, "lint", "--fail-on", "error")
    trustpack(demo, "lock", "--check")
    trustpack(demo, "check", "--within", "365d")
    trustpack(demo, "build", "--quiet")
    assert f"demonstration-ca-certs_{RELEASE}_all.deb" in {path.name for path in (demo / "dist").iterdir()}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Say nothing."""


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder on loopback; return it and its address."""
    folder = tmp_path / "pages"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def service(tmp_path: Path, machine: dict[str, str], pages: tuple[Path, str]) -> Iterator[Service]:
    """Run GitHub with a repository of what the site is made of, whose Pages are on loopback."""
    for program in ("gh", "jq"):
        require(program)
    origin = tmp_path / "origin"
    for name in tracked():
        if not name.startswith(("tests/", "dist/")) and (ROOT / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin / name)
    workflow = origin / WORKFLOW
    text = workflow.read_text("utf-8")
    assert PAGES in text
    workflow.write_text(text.replace(PAGES, pages[1]), "utf-8")
    git(origin, "init", "--quiet")
    commit(origin, "Begin")
    (tmp_path / "gh").mkdir()
    (tmp_path / "gh/config.yml").write_text(f"http_unix_socket: {tmp_path}/gh.sock\n")
    environment = {**machine, "GH_CONFIG_DIR": str(tmp_path / "gh")}
    keys = site_keys.folder(tmp_path / "keys", slug="demonstration")
    settings = {"secrets": {"TRUSTPACK_KEYS": packed(keys)}}
    service = Service(origin, tmp_path / "runs", environment, settings, pages=pages[0])

    def kept(name: str) -> list[dict[str, Any]]:
        runs = [int(run) for run, artifact in service.artifacts if artifact == name]
        return [{"expired": False, "workflow_run": {**MAIN, "id": run}} for run in runs[::-1]]

    with listening_at(tmp_path / "gh.sock", GitHub(kept).answer):
        yield service


def _said(service: Service, event: str, *skipping: str, **inputs: str) -> str:
    done = service.run("site.yml", {"event_name": event}, inputs=inputs, skipping=skipping)
    said = "".join(one.said for one in done.values())
    assert {"build": "success", "sign": "success", "publish": "success"} == {
        name: one.result for name, one in done.items()
    }, said
    return said


PROOF = re.compile(r"^ *prove --.*\n", re.MULTILINE)


@pytest.mark.parametrize("proven", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_site_is_made_and_each_week_signed_again(
    service: Service, pages: tuple[Path, str], tmp_path: Path, *, proven: bool
) -> None:
    """By the trustpack of the commit; clients install from it by name, and no secret stays."""
    if not proven:  # which takes most of the time
        workflow = service.origin / WORKFLOW
        workflow.write_text(PROOF.sub("", workflow.read_text("utf-8")), "utf-8")
        commit(service.origin, "Prove nothing")
    assert proven == (": 1 proven" in _said(service, "workflow_dispatch", first="true"))
    said = _said(service, "schedule")
    assert "is new; keep it" not in said  # what the run before has published was known
    assert "publication 2, for" in said
    keys = pages[0] / "demonstration.asc"
    wheel = f"demonstration_certifi-1.{RELEASE}-py3-none-any.whl"
    names = {f"demonstration-ca-certs_{RELEASE}_all.deb", wheel}
    assert names == installed(tmp_path, service.environment, pages[1], keys, slug="demonstration")
    assert [] == secrets_left()


def test_the_rules_that_keep_the_keys() -> None:
    """Each job has the permissions it needs; one has keys, another publishes, and nothing is cached."""
    text = (ROOT / WORKFLOW).read_text("utf-8")
    assert "pull_request" not in text
    assert "cache" not in text
    workflow = yaml.safe_load(text)
    assert ({}, False) == (workflow["permissions"], workflow["concurrency"]["cancel-in-progress"])
    jobs = workflow["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read"},
        "sign": {"actions": "read", "contents": "read"},
        "publish": {"id-token": "write", "pages": "write"},
    }
    assert ["sign"] == [name for name, job in jobs.items() if "secrets." in str(job)]
    assert "!github.event.repository.fork" in jobs["build"]["if"]
    assert ["build", "sign"] == [jobs["sign"]["needs"], jobs["publish"]["needs"]]


@pytest.fixture
def commands(tmp_path: Path) -> Callable[[str], tuple[int, list[list[str]]]]:
    """Return what runs the action's commands with a trustpack that notes its words, and fails on `fail`."""
    steps = yaml.safe_load((ROOT / ACTION).read_text("utf-8"))["runs"]["steps"]
    assert not [step for step in steps if "${{" in step.get("run", "")]
    (tmp_path / "bin").mkdir()
    double = tmp_path / "bin/trustpack"
    double.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"print(json.dumps(sys.argv[1:]), file=open({str(tmp_path / 'noted')!r}, 'a'))\n"
        "sys.stdin.read()\nsys.exit(7 if 'fail' in sys.argv else 0)\n"
    )
    double.chmod(0o755)

    def run(text: str) -> tuple[int, list[list[str]]]:
        environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "COMMANDS": text}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[-1]["run"]]
        done = subprocess.run(command, env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, check=False)
        return done.returncode, [json.loads(line) for line in (tmp_path / "noted").read_text().splitlines()]

    return run


def test_the_actions_commands_are_words_and_nothing_else(
    commands: Callable[[str], tuple[int, list[list[str]]]], tmp_path: Path
) -> None:
    """No shell reads them; empty lines are none, and the last line needs no end."""
    text = "lint  --fail-on error\n\n  lock --check; touch pwned $(touch pwned) `touch pwned` * '\nbuild"
    words = ["lock", "--check;", "touch", "pwned", "$(touch", "pwned)", "`touch", "pwned`", "*", "'"]
    assert (0, [["lint", "--fail-on", "error"], words, ["build"]]) == commands(text)
    assert not (tmp_path / "pwned").exists()


def test_the_first_of_the_actions_commands_that_fails_is_the_last(
    commands: Callable[[str], tuple[int, list[list[str]]]],
) -> None:
    """Its status is the step's."""
    assert (7, [["lint"], ["lock", "fail"]]) == commands("lint\nlock fail\nbuild\n")

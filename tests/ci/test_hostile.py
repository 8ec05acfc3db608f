"""What strangers, or a build that somebody has broken into, hand to later jobs; and what is too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ci.actions import Service
from tests.ci.conftest import commit
from tests.ci.pipelines import Runner
from tests.ci.standins import LONGEST, GitHub, listening_at
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SITE = "https://packages.acme.example"
PUSH = {"event_name": "push"}
# What is not needed to get to the steps that are tried.
SKIPPING = ("python -m pip", "trustpack ")
MAIN = {"head_branch": "main", "head_repository_id": 1, "repository_id": 1}
TAR = "          tar -cf release.tar dist\n"
# A tar whose `dist` is a link: what comes behind it would lie over what was checked out.
HOSTILE = """\
rm -rf dist hostile && mkdir -p hostile/dist && ln -s . dist
echo "signer: [id]" >hostile/dist/trustpack.yaml
tar -cf release.tar dist && tar -rf release.tar -C hostile dist/trustpack.yaml
"""


class World:
    """A repository on GitHub; `records` are the artifacts of that name."""

    def __init__(self, service: Service, github: GitHub) -> None:
        self.service, self.github = service, github

    def workspace(self, job: str) -> Path:
        """Return the folder that a job of the newest run had checked out into."""
        return self.service.folder / f"{self.service.runs}-{job}" / "workspace"

    def change(self, name: str, old: str, new: str) -> None:
        """Change a workflow."""
        file = self.service.origin / ".github/workflows" / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
        commit(self.service.origin, "Change a workflow")


@pytest.fixture
def world(tmp_path: Path, machine: dict[str, str], begin: Callable[[str, str], Path]) -> Iterator[World]:
    """Begin a repository."""
    for program in ("gh", "jq"):
        require(program)
    (tmp_path / "gh").mkdir()
    (tmp_path / "gh/config.yml").write_text(f"http_unix_socket: {tmp_path}/gh.sock\n")
    environment = {**machine, "GH_CONFIG_DIR": str(tmp_path / "gh")}
    origin = begin("github", SITE)
    service = Service(origin, tmp_path / "runs", environment, {"secrets": {"TRUSTPACK_KEYS": ""}})
    github = GitHub(lambda _name: [])
    with listening_at(tmp_path / "gh.sock", github.answer):
        yield World(service, github)


def test_what_a_build_hands_on_lies_over_nothing_that_was_checked_out(world: World) -> None:
    """Else its trustpack.yaml, say, would name the program that signs, beside the keys."""
    world.change("trust.yml", TAR, _indented(HOSTILE))
    done = world.service.run("trust.yml", PUSH, skipping=SKIPPING)
    assert ("success", "failure") == (done["build"].result, done["sign"].result)
    assert "release.tar: OK" in done["sign"].said
    ours = (world.service.origin / "trustpack.yaml").read_text()
    assert ours == (world.workspace("sign") / "trustpack.yaml").read_text()


def _indented(script: str) -> str:
    return "".join(f"          {line}\n" for line in script.splitlines())


def test_an_artifact_lies_over_nothing_that_was_checked_out(world: World) -> None:
    """Whoever makes it may put more into it than the file that is asked for."""

    def more(job: str) -> None:
        for (_, name), folder in world.service.artifacts.items():
            if (job, name) == ("build", "release"):
                (folder / "trustpack.yaml").write_text("signer: [id]")

    world.change("trust.yml", TAR, _indented("mkdir dist\ntar -cf release.tar dist"))
    done = world.service.run("trust.yml", PUSH, skipping=SKIPPING, between=more)
    assert "release.tar: OK" in done["sign"].said
    ours = (world.service.origin / "trustpack.yaml").read_text()
    assert ours == (world.workspace("sign") / "trustpack.yaml").read_text()
    # So far the job comes without keys; what is missing is told.
    assert "TRUSTPACK_KEYS: is no secret of the environment trust-sign" in done["sign"].said


def test_a_release_that_was_changed_after_the_build_is_not_unpacked(world: World) -> None:
    """Its digest comes by another way than the file."""

    def change(job: str) -> None:
        if job == "build":
            file = world.service.artifacts["1", "release"] / "release.tar"
            file.write_bytes(file.read_bytes() + b"x")

    world.change("trust.yml", TAR, _indented("mkdir dist\ntar -cf release.tar dist"))
    done = world.service.run("trust.yml", PUSH, skipping=SKIPPING, between=change)
    assert ["success", "failure", "skipped"] == [done[job].result for job in ("build", "sign", "publish")]
    assert "release.tar: FAILED" in done["sign"].said
    assert not (world.workspace("sign") / "dist").exists()


def test_records_of_strangers_do_not_hide_ours(world: World) -> None:
    """However many forks have uploaded; an expired one of ours counts for nothing."""
    stranger = {"expired": False, "workflow_run": {**MAIN, "id": 666, "head_repository_id": 2}}
    expired = {"expired": True, "workflow_run": {**MAIN, "id": 8}}
    ours = [{"expired": False, "workflow_run": {**MAIN, "id": run}} for run in (7, 6)]
    world.github.artifacts = lambda _name: [stranger] * 250 + [expired, *ours]
    kept = world.service.folder / "record"
    kept.mkdir(parents=True)
    (kept / "record.json").write_text("{}")
    world.service.artifacts["7", "record"] = kept
    world.change("trust.yml", TAR, _indented("mkdir dist\ntar -cf release.tar dist"))
    world.service.run("trust.yml", PUSH, skipping=SKIPPING)
    assert "{}" == (world.workspace("sign").parent / "temporary/record/record.json").read_text()


@pytest.mark.parametrize("plan", [b"\x01" * 60_000, b"\n" * 49_000, "\u0416".encode() * 40_000])
def test_a_plan_that_is_too_long_is_shown_as_far_as_there_is_room(world: World, plan: bytes) -> None:
    """And nothing of what a stranger's artifact holds lies where the job writes."""
    _plan(world, plan)
    victim = world.service.folder / "victim"
    victim.write_text("theirs")
    (world.service.artifacts["1", "plan"] / "comment.md").symlink_to(victim)
    assert "success" == _commented(world)
    (comment,) = world.github.comments["5"]
    assert len(comment["body"]) <= LONGEST
    assert comment["body"].endswith("    This is not all: the run's artifact `plan` is.\n")
    assert "theirs" == victim.read_text()


def _plan(world: World, plan: bytes) -> None:
    kept = world.service.folder / "plan"
    kept.mkdir(parents=True)
    (kept / "plan.txt").write_bytes(plan)
    world.service.artifacts["1", "plan"] = kept
    world.github.pulls.append({"number": 5, "head": {"label": "mallory:x", "sha": "1" * 40}})


def _commented(world: World) -> str:
    event: dict[str, Any] = {
        "id": "1", "event": "pull_request", "head_sha": "1" * 40, "head_branch": "x",
        "head_repository": {"owner": {"login": "mallory"}, "full_name": "mallory/trust"},
    }  # fmt: skip
    github = {"event_name": "workflow_run", "event": {"workflow_run": event}}
    return world.service.run("trust-comment.yml", github)["comment"].result


def test_more_than_an_issue_has_room_for_is_cut(world: World) -> None:
    """Hundreds of CAs may expire at once; among several issues of ours, one is brought up to date."""
    world.change("trust.yml", "          cat due.txt\n", _indented("seq 60000 >due.txt\nstatus=1"))
    done = world.service.run("trust.yml", {"event_name": "schedule"}, skipping=SKIPPING)
    assert "success" == done["watch"].result, done["watch"].said
    (issue,) = world.github.issues
    assert "\n    6000\n" in issue["body"]
    world.github.issues.append({**issue, "number": 2, "body": issue["body"][:100]})
    world.service.run("trust.yml", {"event_name": "schedule"}, skipping=SKIPPING)
    assert ["open", "open"] == [one["state"] for one in world.github.issues]
    assert issue["body"] == world.github.issues[0]["body"]


def test_on_gitlab_a_release_lies_over_nothing_either(
    tmp_path: Path, machine: dict[str, str], begin: Callable[[str, str], Path]
) -> None:
    """As on GitHub; what a job hands on as variables is another matter, as the guide says."""
    origin = begin("gitlab", SITE)
    file = origin / ".gitlab-ci.yml"
    text = file.read_text().split("\nwatch:")[0]
    line = "    - tar -cf release.tar dist\n"
    assert line in text
    file.write_text(text.replace(line, f"    - |\n{_indented(HOSTILE)}"))
    commit(origin, "Be hostile")
    runner = Runner(origin, tmp_path / "jobs", machine, {"": {}})
    variables = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
    done = runner.run(variables, skipping=("python -m pip", "trustpack"))
    assert (0, 1) == (done["build"][0], done["sign"][0])
    assert "release.tar: OK" in done["sign"][1]
    assert (origin / "trustpack.yaml").read_text() == (runner.kept("sign") / "trustpack.yaml").read_text()

"""GitLab's pipeline, run from end to end: every line as it stands, real curl, a bucket on loopback."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests import s3
from tests.ci.conftest import commit, installed, secrets_left
from tests.ci.pipelines import Runner
from tests.ci.projects import git, trustpack
from tests.ci.standins import GitLab, listening
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# By a real client, which takes most of a pipeline's time: one long test runs it.
PROOF = ("trustpack prove",)
REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}


class Story:
    """A project on GitLab, and the site that it publishes."""

    def __init__(self, runner: Runner, gitlab: GitLab, site: str) -> None:
        self.runner, self.gitlab, self.site = runner, gitlab, site

    def run(self, source: str, *, skipping: tuple[str, ...] = PROOF, **more: str) -> str:
        """Run a pipeline on main; return what its jobs said. All of them succeed."""
        variables = {"CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": "main", **more}
        done = self.runner.run(variables, skipping=skipping)
        said = "".join(text for _, text in done.values())
        assert {"build": 0, "watch": 0, "sign": 0, "publish": 0} == {
            name: status for name, (status, _) in done.items()
        }, said
        self.gitlab.record = self.runner.kept("publish") / "record.json"
        return said


@pytest.fixture
def story(
    tmp_path: Path,
    machine: dict[str, str],
    bucket: dict[str, str],
    secret: str,
    begin: Callable[[str, str], Path],
) -> Iterator[Story]:
    """Begin a project that nothing was published from yet."""
    require("curl")
    name = f"gitlab-{abs(hash(tmp_path))}"
    destination = s3.make_bucket({"AWS_ENDPOINT_URL": bucket["AWS_ENDPOINT_URL"]}, name)
    site = f"{bucket['AWS_ENDPOINT_URL']}/{name}"
    gitlab = GitLab(tmp_path / "none")
    with listening(gitlab.answer) as address:
        settings = {
            "": {
                "CI_API_V4_URL": f"{address}/api/v4",
                "CI_PROJECT_ID": "7",
                "CI_JOB_TOKEN": "j0b",
                "TRUSTPACK_DESTINATION": destination,
                "TRUSTPACK_TOKEN": "pr1vate",
                "AWS_ROLE_ARN": "arn:aws:iam::1:role/publisher",
            },
            "trust-sign": {"TRUSTPACK_KEYS": secret},
        }
        runner = Runner(begin("gitlab", site), tmp_path / "jobs", {**machine, **bucket}, settings)
        yield Story(runner, gitlab, site)


def test_from_the_bundle_to_the_site(story: Story) -> None:
    """The first pipeline makes the site, and opens the issue; no secret stays."""
    story.run("web", FIRST="true")
    with urllib.request.urlopen(f"{story.site}/trustpack/status") as answer:  # noqa: S310  loopback
        assert 200 == answer.status
    assert [] == secrets_left()
    (issue,) = story.gitlab.issues
    assert ("opened", "trustpack") == (issue["state"], issue["labels"])
    assert "    CN=Acme Old Root" in issue["description"]


@pytest.mark.long
def test_later_pipelines_add_what_is_new_and_sign_again(
    story: Story, tmp_path: Path, machine: dict[str, str]
) -> None:
    """Once; the weekly one signs again; the one issue is closed when nothing is due."""
    assert ": 1 proven" in story.run("web", FIRST="true", skipping=())
    said = story.run("push")
    assert "site: is as it should be\n" in said
    assert "is new; keep it" not in said  # what the pipeline before has published was known
    assert "publication 2, for" in story.run("schedule")
    assert ["opened"] == [one["state"] for one in story.gitlab.issues]

    origin = story.runner.origin
    file = origin / "trustpack.yaml"
    text = file.read_text()
    git(origin, "checkout", "--quiet", "-b", "change")
    file.write_text(text.replace('    - "old.pem"\n', ""))
    trustpack(origin, "lock", "--release", "2026.11")
    head = commit(origin, "Without the old root")
    git(origin, "checkout", "--quiet", "main")
    done = story.runner.run({**REQUEST, "CI_COMMIT_SHA": head}, skipping=PROOF)
    assert {"plan": 0, "build": 0} == {name: status for name, (status, _) in done.items()}, done
    assert "- CN=Acme Old Root" in (story.runner.kept("plan") / "plan.txt").read_text()

    git(origin, "merge", "--quiet", "change")
    assert "2 releases" in story.run("push")
    assert ["closed"] == [one["state"] for one in story.gitlab.issues]
    keys = tmp_path / "acme.asc"
    urllib.request.urlretrieve(f"{story.site}/acme.asc", keys)  # noqa: S310  loopback
    names = {"acme-ca-certs_2026.11_all.deb", "acme_certifi-1.2026.11-py3-none-any.whl"}
    assert names == installed(tmp_path, machine, story.site, keys)


@pytest.mark.long
@pytest.mark.parametrize(
    ("job", "after", "name"), [("build", "sign", "release"), ("sign", "publish", "site")]
)
def test_what_was_changed_between_two_jobs_is_found(story: Story, job: str, after: str, name: str) -> None:
    """The digests come by another way than the files."""

    def swap(ended: str, folder: Path) -> None:
        if ended == job:
            file = folder / f"{name}.tar"
            file.write_bytes(file.read_bytes()[:-1] + b"x")

    variables = {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main", "FIRST": "true"}
    done = story.runner.run(variables, between=swap, skipping=PROOF)
    assert (0, 1) == (done[job][0], done[after][0])
    assert f"{name}.tar: FAILED" in done[after][1]

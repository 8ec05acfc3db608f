"""GitHub's workflows, run from end to end: every script as it stands, the real `gh`, a bucket on loopback."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from tests import s3
from tests.ci.actions import Service
from tests.ci.conftest import commit, installed, secrets_left
from tests.ci.projects import trustpack
from tests.ci.standins import GitHub, listening_at
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAIN = {"head_branch": "main", "head_repository_id": 1, "repository_id": 1}
# By real clients, which takes most of a run's time: the first test runs it.
PROOF = ("trustpack prove",)
FORK = {"event_name": "pull_request", "ref": "refs/pull/1/merge"}


class Story:
    """A repository on GitHub, and the site that it publishes."""

    def __init__(self, service: Service, github: GitHub, site: str) -> None:
        self.service, self.github, self.site = service, github, site

    def run(self, event: str = "push", *, code: str = "success", **more: Any) -> str:
        """Run the workflow for an event on main; return what the jobs said. All end as `code` says."""
        done = self.service.run("trust.yml", {"event_name": event}, **more)
        said = "".join(one.said for one in done.values())
        assert {code} == {one.result for one in done.values()}, said
        return said


@pytest.fixture
def story(
    tmp_path: Path,
    machine: dict[str, str],
    bucket: dict[str, str],
    secret: str,
    begin: Callable[[str, str], Path],
) -> Iterator[Story]:
    """Begin a repository that nothing was published from yet."""
    for program in ("gh", "jq", "curl"):
        require(program)
    name = f"github-{abs(hash(tmp_path))}"
    destination = s3.make_bucket({"AWS_ENDPOINT_URL": bucket["AWS_ENDPOINT_URL"]}, name)
    site = f"{bucket['AWS_ENDPOINT_URL']}/{name}"
    (tmp_path / "gh").mkdir()
    (tmp_path / "gh/config.yml").write_text(f"http_unix_socket: {tmp_path}/gh.sock\n")
    environment = {**machine, **bucket, "GH_CONFIG_DIR": str(tmp_path / "gh")}
    settings = {
        "secrets": {"TRUSTPACK_KEYS": secret},
        "vars": {
            "TRUSTPACK_DESTINATION": destination,
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/publisher",
            "AWS_REGION": s3.REGION,
            "TRUSTPACK_ATTEST": "true",
        },
    }
    service = Service(begin("github", site), tmp_path / "runs", environment, settings)

    def kept(name: str) -> list[dict[str, Any]]:
        stranger = {"expired": False, "workflow_run": {**MAIN, "id": 0, "head_repository_id": 2}}
        runs = [int(run) for run, artifact in service.artifacts if artifact == name]
        return [stranger, *({"expired": False, "workflow_run": {**MAIN, "id": run}} for run in runs[::-1])]

    github = GitHub(kept)
    with listening_at(tmp_path / "gh.sock", github.answer):
        yield Story(service, github, site)


def test_from_the_bundle_to_clients(story: Story, tmp_path: Path, machine: dict[str, str]) -> None:
    """The first run makes the site, which clients install from; no secret stays.

    So it is with the line for registries, where somebody has taken the `#` away.
    """
    origin = story.service.origin
    with (origin / "trustpack.yaml").open("a") as file:
        file.write("publish:\n  github:\n    repository: acme/trust\n")
    workflow = origin / ".github/workflows/trust.yml"
    line = "- run: trustpack publish --to "
    text = workflow.read_text().replace(f"# {line}pypi --to npm\n", f"{line}github --dry-run\n")
    workflow.write_text(text)
    trustpack(origin, "lock", "--release", "2026.10")
    commit(origin, "Publish to registries")
    said = story.run("workflow_dispatch", inputs={"first": "true"})
    assert ": 1 proven" in said
    assert "with acme-ca-certs_2026.10_all.deb\n" in said  # by publish, to GitHub
    assert "attested acme-ca-certs_2026.10_all.deb\n" in said
    keys = tmp_path / "acme.asc"
    urllib.request.urlretrieve(f"{story.site}/acme.asc", keys)  # noqa: S310  loopback
    names = {"acme-ca-certs_2026.10_all.deb", "acme_certifi-1.2026.10-py3-none-any.whl"}
    assert names == installed(tmp_path, machine, story.site, keys)
    assert [] == secrets_left()


@pytest.mark.long
def test_later_runs_add_what_is_new_and_sign_again(
    story: Story, tmp_path: Path, machine: dict[str, str]
) -> None:
    """Once; the weekly one signs again; the one issue is closed when nothing is due."""
    story.run("workflow_dispatch", inputs={"first": "true"}, skipping=PROOF)
    said = story.run(skipping=PROOF)
    assert "site: is as it should be\n" in said
    assert "is new; keep it" not in said  # what the run before has published was known
    one = story.run("schedule", skipping=PROOF)
    assert "publication 2, for" in one
    issue = story.github.issues
    assert [("open", 1)] == [(one["state"], one["number"]) for one in issue]
    assert "    CN=Acme Old Root" in issue[0]["body"]

    # The old root goes, and with it what was due.
    origin = story.service.origin
    file = origin / "trustpack.yaml"
    file.write_text(file.read_text().replace('    - "old.pem"\n', ""))
    trustpack(origin, "lock", "--release", "2026.11")
    commit(origin, "Without the old root")
    assert "2 releases" in story.run(skipping=PROOF)
    assert ["closed"] == [one["state"] for one in issue]
    keys = tmp_path / "acme.asc"
    urllib.request.urlretrieve(f"{story.site}/acme.asc", keys)  # noqa: S310  loopback
    names = {"acme-ca-certs_2026.11_all.deb", "acme_certifi-1.2026.11-py3-none-any.whl"}
    assert names == installed(tmp_path, machine, story.site, keys)


@pytest.mark.long
def test_what_was_changed_between_two_jobs_is_found(story: Story) -> None:
    """The digests come by another way than the files; then nothing is signed, or nothing published."""
    for job, name in (("build", "release"), ("sign", "site")):

        def swap(ended: str, job: str = job, name: str = name) -> None:
            if ended == job:
                file = next(
                    folder / f"{name}.tar"
                    for (_, found), folder in story.service.artifacts.items()
                    if found == name
                )
                file.write_bytes(file.read_bytes()[:-1] + b"x")

        story.service.artifacts.clear()
        inputs = {"first": "true"}
        event = {"event_name": "workflow_dispatch"}
        done = story.service.run("trust.yml", event, inputs=inputs, between=swap, skipping=PROOF)
        after = {"build": "sign", "sign": "publish"}[job]
        assert ("success", "failure") == (done[job].result, done[after].result)
        assert f"{name}.tar: FAILED" in done[after].said
        assert "success" != done["publish"].result
    with pytest.raises(OSError, match="404"):
        urllib.request.urlopen(f"{story.site}/trustpack/status")  # noqa: S310  loopback


EVIL = b"""+ CN=](http://evil.example) `x` @everyone <b onclick=x> | ~~~ ```
```
</details><img src=x>
    # @team/all
\x1b[31m\xe2\x80\xaetxt\xe2\x80\xa8@other \xff
"""


def test_what_a_pull_request_changes_is_a_comment(story: Story) -> None:
    """One, which a later run brings up to date; what the request brings is text, whatever it is."""
    origin = story.service.origin
    (origin / "trustpack.yaml").write_text(
        (origin / "trustpack.yaml").read_text().replace('    - "old.pem"\n', "")
    )
    trustpack(origin, "lock", "--release", "2026.11")
    head = commit(origin, "Without the old root")
    done = story.service.run("trust.yml", FORK, skipping=(*PROOF, "trustpack attest", "trustpack lint"))
    assert {"skipped"} == {done[job].result for job in done.keys() - {"build"}}
    assert "success" == done["build"].result
    event = {
        "id": "1", "event": "pull_request", "head_sha": head, "head_branch": "x$(id)",
        "head_repository": {"owner": {"login": "mallory"}, "full_name": "mallory/trust"},
    }  # fmt: skip
    github = {"event_name": "workflow_run", "event": {"workflow_run": event}}
    label = "mallory:x$(id)"
    for number, sha in ((4, "0" * 40), (5, head)):
        story.github.pulls.append({"number": number, "head": {"label": label, "sha": sha}})
    assert "success" == story.service.run("trust-comment.yml", github)["comment"].result
    assert "    - CN=Acme Old Root" in story.github.comments["5"][0]["body"]

    plan = story.service.artifacts["1", "plan"] / "plan.txt"
    plan.write_bytes(EVIL)
    assert "success" == story.service.run("trust-comment.yml", github)["comment"].result
    assert ["5"] == list(story.github.comments)
    (comment,) = story.github.comments["5"]
    kinds = [token.type for token in MarkdownIt().parse(comment["body"])]
    assert ["html_block", "paragraph_open", "inline", "paragraph_close", "code_block"] == kinds
    assert "\\u001b[31m\\u202etxt\\u2028@other" in comment["body"]

    plan.unlink()
    plan.symlink_to("/proc/self/environ")
    assert "failure" == story.service.run("trust-comment.yml", github)["comment"].result


@pytest.mark.long
def test_an_issue_that_somebody_else_opened_is_not_ours(story: Story) -> None:
    """Whoever writes our mark into an issue of theirs does not hide what is due."""
    theirs = {"number": 1, "state": "open", "user": {"login": "mallory"}, "body": "<!-- trustpack: due -->"}
    story.github.issues.append(theirs)
    for _ in range(2):
        done = story.service.run(
            "trust.yml", {"event_name": "schedule"}, skipping=("trustpack prove", "trustpack lint")
        )
        assert "success" == done["watch"].result
    assert ["<!-- trustpack: due -->"] == [one["body"] for one in story.github.issues if one is theirs]
    assert 2 == len(story.github.issues)

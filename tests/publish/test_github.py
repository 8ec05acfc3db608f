"""A release's files at a double of GitHub: a draft until it has them all."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from builder.prove import authority
from builder.publish import public
from tests.publish import hosting
from tests.publish.conftest import RELEASE, SECONDS
from tests.publish.hosting import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.publish.conftest import Project
    from tests.publish.hosting import Hosting


@pytest.fixture
def github() -> Iterator[Hosting]:
    """Run the double."""
    with hosting.hosting() as running:
        yield running


def take(project: Project, github: Hosting) -> None:
    """Let a project publish there."""
    project.configure(github={"url": github.url, "repository": "acme/trust"})
    project.variables["GITHUB_TOKEN"] = TOKEN


def ours(project: Project) -> dict[str, bytes]:
    """Return what must be attached in the end."""
    return {path.name: path.read_bytes() for path in project.dist.iterdir() if path.is_file()}


def attached(github: Hosting) -> dict[str, bytes]:
    """Return what is."""
    return {one["name"]: github.data[key] for key, one in github.assets.items()}


def test_a_release_is_a_draft_until_it_has_every_file(release: Project, github: Hosting) -> None:
    """Then it is published, and a second run changes nothing; other bytes are refused, not replaced."""
    take(release, github)
    github.releases.extend({"id": 1 + one, "tag_name": f"v{one}", "draft": False} for one in range(100))
    assert release.outcomes("--to", "github") == {"github": "sent"}
    assert attached(github) == ours(release)
    first, *uploads, last = github.log
    assert first == "POST releases"
    assert {"POST releases/101/assets"} == set(uploads)
    assert last == "PATCH releases/101"
    newest = github.releases[0]
    assert (newest["tag_name"], newest["draft"]) == (RELEASE, False)
    done = len(github.log)
    assert release.outcomes("--to", "github") == {"github": "there"}
    assert len(github.log) == done


@pytest.mark.parametrize("digests", [False, True])
def test_other_bytes_at_github_are_refused(
    release: Project, another: Project, github: Hosting, *, digests: bool
) -> None:
    """By the digest that it tells, or by the file itself; the older server tells none."""
    github.digests = digests
    for one in (release, another):
        take(one, github)
    assert release.outcomes("--to", "github") == {"github": "sent"}
    done = len(github.log)
    said, _ = another.error("--to", "github")
    assert "it has SHA-256" in said
    assert len(github.log) == done


def test_what_has_come_half_way_is_replaced(release: Project, github: Hosting) -> None:
    """The half is taken away, and the whole file comes; a release is published with whole files only."""
    take(release, github)
    github.halves = 1
    assert release.outcomes("--to", "github") == {"github": "sent"}
    assert "DELETE releases/assets/1" in github.log
    assert attached(github) == ours(release)


def test_a_draft_that_was_left_is_finished(release: Project, github: Hosting) -> None:
    """A run that gave up leaves a draft, which the next one fills and publishes."""
    take(release, github)
    github.halves = 3
    said, _ = release.error("--to", "github")
    assert "answers 502" in said
    assert [one["draft"] for one in github.releases] == [True]
    assert release.outcomes("--to", "github") == {"github": "sent"}
    assert [one["draft"] for one in github.releases] == [False]
    assert attached(github) == ours(release)


def test_a_token_of_github_that_is_refused_is_named(release: Project, github: Hosting) -> None:
    """The message says which variable to renew."""
    take(release, github)
    release.variables["GITHUB_TOKEN"] = "ghs_expired"  # noqa: S105  of a test
    said, hint = release.error("--to", "github")
    assert "does not accept GITHUB_TOKEN: it answers 401" in said
    assert hint.endswith("renew GITHUB_TOKEN")
    assert github.log == []


@pytest.fixture
def everybodys(release: Project, tmp_path: Path) -> Iterator[Hosting]:
    """Run the double in the place of GitHub itself: as a proxy, with a certificate for its names."""
    known, now = public.UPLOADS["github"], dt.datetime.now(dt.UTC)
    root = authority.create("Acme Proxy Root", now=now)
    names = [urlsplit(url).hostname or "" for url in (known.url, known.files)]
    leaf = authority.issue(root, names, now=now)
    (tmp_path / "server.pem").write_bytes(leaf.chain + leaf.key)
    (tmp_path / "root.pem").write_bytes(root.pem)
    with hosting.hosting(tmp_path / "server.pem") as running:
        release.configure(github={"repository": "acme/trust"})
        release.variables.update(GITHUB_TOKEN=TOKEN, HTTPS_PROXY=running.url)
        yield running


def test_a_private_repository_at_github_itself_gets_the_release(
    release: Project, everybodys: Hosting, tmp_path: Path
) -> None:
    """Without a word in publish.public: it says of itself that it is private."""
    words = ("--to", "github", "--ca-file", str(tmp_path / "root.pem"))
    assert release.outcomes(*words) == {"github": "sent"}
    assert attached(everybodys) == ours(release)


def test_a_public_repository_at_github_itself_needs_a_word(
    release: Project, everybodys: Hosting, tmp_path: Path
) -> None:
    """Nothing is sent before the configuration says that everybody may read it."""
    words = ("--to", "github", "--ca-file", str(tmp_path / "root.pem"))
    everybodys.described["private"] = False
    said, hint = release.error(*words, code=3)
    assert "publish.public has no github" in said
    assert "publish: {public: [github]}" in hint
    del everybodys.described["private"]
    assert release.error(*words, code=3) == (said, hint)
    assert everybodys.log == []
    release.configure(github={"repository": "acme/trust"}, public=["github"])
    assert release.outcomes(*words) == {"github": "sent"}


@pytest.mark.parametrize(
    ("described", "wanted"),
    [
        ({}, "there is no such repository, or the token may not see it"),
        ({"full_name": "acme/better", "private": True}, "is acme/better now"),
        ({"full_name": "acme/trust", "private": True, "archived": True}, "is archived"),
    ],
    ids=["unseen", "renamed", "archived"],
)
def test_a_repository_that_takes_nothing_is_named(
    release: Project, github: Hosting, described: dict[str, Any], wanted: str
) -> None:
    """Before anything is sent: what its server would answer says less."""
    take(release, github)
    github.described = described
    said, hint = release.error("--to", "github")
    assert wanted in said
    assert "publish.github.repository" in hint
    assert github.log == []


def test_two_jobs_that_publish_to_github_at_once_make_one_release(release: Project, github: Hosting) -> None:
    """Each makes a draft, because neither sees the other's; the second takes its own away."""
    take(release, github)
    both = threading.Barrier(2, timeout=SECONDS)

    def drafting() -> None:
        both.wait()

    github.drafting = drafting
    running = [release.started("--to", "github") for _ in range(2)]
    ended = [(one.communicate(timeout=SECONDS)[1], one.returncode) for one in running]
    assert [code for _, code in ended] == [0, 0], ended
    assert [(one["tag_name"], one["draft"]) for one in github.releases] == [(RELEASE, False)]
    assert attached(github) == ours(release)


def test_more_files_than_one_page_lists_are_found(release: Project, github: Hosting) -> None:
    """What is there is looked for on every page."""
    take(release, github)
    assert release.outcomes("--to", "github") == {"github": "sent"}
    known = list(github.assets.items())
    github.assets = {-one: {"id": -one, "name": f"x{one}", "release": 1} for one in range(1, 101)}
    github.assets |= dict(known)
    assert release.outcomes("--to", "github") == {"github": "there"}


def test_a_dry_run_lists_every_request_to_github(release: Project, github: Hosting) -> None:
    """Each, and no other; what the server numbers is called ID."""
    take(release, github)
    listed = release.publish("--to", "github", "--dry-run").stdout
    assert github.asked == []
    release.outcomes("--to", "github")
    planned = {(line.split()[1], line.split()[2].partition("?")[0]) for line in listed.splitlines()}
    assert planned == {
        (method, f"{github.url.rstrip('/')}{path.partition('?')[0]}".replace("/releases/1", "/releases/ID"))
        for method, path in github.asked
    }

"""A release's files at a double of GitHub: a draft until it has them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.publish import hosting
from tests.publish.conftest import RELEASE
from tests.publish.hosting import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    github.releases.extend({"id": 1000 + one, "tag_name": f"v{one}", "draft": False} for one in range(100))
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

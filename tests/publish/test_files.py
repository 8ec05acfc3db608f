"""Repositories that take a file by one request: each is asked, sent what it lacks, and found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.publish.store import TOKEN, properties

if TYPE_CHECKING:
    from tests.publish.conftest import Project
    from tests.publish.store import Store

# What trustpack.yaml has of each, where files go, and the variable that lets trustpack in.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("http", {"x": {"url": "plain/"}}),
    "artifactory": ("http", {"x": {"url": "artifactory/debs", "profile": "artifactory", "targets": ["deb"]}}),
    "nexus": ("http", {"x": {"url": "nexus/debs", "profile": "nexus", "targets": ["deb"]}}),
    "nexus rpm": ("http", {"x": {"url": "nexus/rpms", "profile": "nexus", "targets": ["rpm"]}}),
    "gitea deb": ("http", {"x": {"url": "debian/pool/main/x", "profile": "gitea", "targets": ["deb"]}}),
    "gitea rpm": ("http", {"x": {"url": "rpm/all", "profile": "gitea", "targets": ["rpm"]}}),
    "gitea apk": ("http", {"x": {"url": "alpine/v3/main", "profile": "gitea", "targets": ["apk"]}}),
    "gitlab": ("gitlab", {"url": "", "project": "platform/trust"}),
    "gitea": ("gitea", {"url": "", "owner": "acme"}),
}
_RARELY = ("nexus rpm", "gitea apk", "gitea")  # in no way that another has not, too
_OFTEN = [one for one in KINDS if one not in _RARELY]
VARIABLES = {"http": "TRUSTPACK_HTTP_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}


def configure(project: Project, files: Store, kind: str, **more: Any) -> str:
    """Let a project publish to the server, and return what --to takes for that."""
    name, section = KINDS[kind]
    inner: dict[str, Any] = section.get("x", section)
    there = {**inner, "url": f"{files.url}{inner['url']}", **more}
    project.configure(**{name: {"x": there} if name == "http" else there})
    project.variables[VARIABLES[name]] = TOKEN
    return name


@pytest.mark.parametrize("kind", [*_OFTEN, *(pytest.param(one, marks=pytest.mark.long) for one in _RARELY)])
def test_files_are_stored_once_and_stay_as_they_are(
    release: Project, another: Project, files: Store, kind: str
) -> None:
    """The same bytes again are a success that sends nothing, and other bytes are refused."""
    to = configure(release, files, kind)
    configure(another, files, kind)
    assert set(release.outcomes("--to", to).values()) == {"sent"}
    sent = len(files.uploads)
    assert len(files.stored) == sent
    assert set(release.outcomes("--to", to).values()) == {"there"}
    said, hint = another.error("--to", to)
    assert len(files.uploads) == sent
    assert "it has SHA-256" in said
    assert "changed" in said
    assert "build a release of a higher number" in hint


def test_every_file_of_a_release_goes_to_a_plain_folder(release: Project, files: Store) -> None:
    """Each has its own name there, and its bytes."""
    release.outcomes("--to", configure(release, files, "plain"))
    ours = {f"/plain/{path.name}": path.read_bytes() for path in release.dist.iterdir() if path.is_file()}
    assert ours == files.files


def test_artifactory_is_told_where_its_index_lists_a_deb(release: Project, files: Store) -> None:
    """Properties in the address say so, and a header has the digest."""
    to = configure(release, files, "artifactory", distribution="bookworm", component="trust")
    release.outcomes("--to", to)
    listed = {"deb.distribution": "bookworm", "deb.component": "trust", "deb.architecture": "all"}
    assert listed == properties(files.uploads[0])
    sent = next(one for one in files.received if one.method == "PUT")
    digest = next(
        line.split()[0]
        for line in (release.dist / "SHA256SUMS").read_text().splitlines()
        if line.endswith(".deb")
    )
    assert digest == sent.headers["X-Checksum-Sha256"]


def test_a_dry_run_lists_what_then_comes(release: Project, files: Store) -> None:
    """It makes no request; each upload that it lists is made without it, and no other."""
    to = configure(release, files, "gitlab")
    listed = release.publish("--to", to, "--dry-run").stdout
    assert files.received == []
    release.outcomes("--to", to)
    planned = [line.split()[2] for line in listed.splitlines() if line.split()[1] == "PUT"]
    assert planned == [f"{files.url.rstrip('/')}{path}" for path in files.uploads]

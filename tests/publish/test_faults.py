"""What goes wrong at a registry: trouble, silence, redirects, refusals, and trustpack itself is killed."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.publish import store
from tests.publish.store import TOKEN, Fault
from tests.publish.test_files import KINDS, VARIABLES, configure

if TYPE_CHECKING:
    import subprocess

    from tests.publish.conftest import Project
    from tests.publish.store import Store


def published(release: Project) -> dict[str, bytes]:
    """Return what must be there in the end."""
    return {f"/plain/{path.name}": path.read_bytes() for path in release.dist.iterdir() if path.is_file()}


@pytest.mark.parametrize("stored", [False, True])
def test_a_server_in_trouble_is_sent_a_file_again(release: Project, files: Store, *, stored: bool) -> None:
    """Unless it has stored it all the same: nothing comes twice."""
    to = configure(release, files, "artifactory")
    files.faults.append(Fault(500, stored=stored))
    assert release.outcomes("--to", to) == {"http.x": "sent"}
    assert len(files.uploads) == (1 if stored else 2)
    assert len(files.stored) == 1


def test_a_server_that_stays_in_trouble_is_named(release: Project, files: Store) -> None:
    """Three times it is tried, then the next run does it."""
    to = configure(release, files, "artifactory")
    files.faults.extend([Fault(503)] * 3)
    said, hint = release.error("--to", to)
    assert len(files.uploads) == 3
    assert "answers 503 Service Unavailable" in said
    assert "run it again" in hint
    assert release.outcomes("--to", to) == {"http.x": "sent"}


def test_a_silent_server_is_not_waited_for(release: Project, files: Store) -> None:
    """What it has stored late is found."""
    to = configure(release, files, "artifactory")
    files.faults.append(Fault(201, seconds=1.5, stored=True))
    assert release.outcomes("--to", to, "--timeout", "1") == {"http.x": "sent"}
    assert len(files.stored) == 1


@pytest.mark.parametrize("status", [302, 307])
def test_nothing_is_sent_to_another_host(release: Project, files: Store, status: int) -> None:
    """Neither a file nor the credential follows a redirect; the message says where it leads."""
    to = configure(release, files, "artifactory")
    with store.store() as elsewhere:
        host = elsewhere.url.rstrip("/")
        files.faults.append(Fault(status, location=f"{elsewhere.url}taken"))
        said, hint = release.error("--to", to)
    assert elsewhere.received == []
    assert len(files.uploads) == 1
    assert f"sends us to {host}, which gets neither file nor credential" in said
    assert "write that address into trustpack.yaml" in hint


def test_what_is_read_elsewhere_is_read_without_the_credential(release: Project, files: Store) -> None:
    """A server may keep its files at another host, which learns nothing."""
    to = configure(release, files, "artifactory")
    release.outcomes("--to", to)
    with store.store() as elsewhere:
        elsewhere.everybody = True
        elsewhere.files = dict(files.files)
        files.moved = elsewhere.url
        assert release.outcomes("--to", to) == {"http.x": "there"}
    assert [one.method for one in elsewhere.received] == ["GET"]
    assert TOKEN not in str(elsewhere.received)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("kind", ["artifactory", "gitlab", pytest.param("gitea", marks=pytest.mark.long)])
def test_a_refused_credential_is_named(release: Project, files: Store, kind: str, status: int) -> None:
    """The message has the variable to renew, and it is not tried again."""
    to = configure(release, files, kind)
    files.faults.append(Fault(status))
    said, hint = release.error("--to", to)
    variable = VARIABLES[KINDS[kind][0]]
    assert f"does not accept {variable}: it answers {status}" in said
    assert hint.endswith(f"renew {variable}")
    assert len(files.uploads) == 1


def test_a_missing_credential_is_named_before_anything_is_sent(release: Project, files: Store) -> None:
    """The variable is in the hint."""
    to = configure(release, files, "gitlab")
    release.variables.clear()
    said, hint = release.error("--to", to, code=2)
    assert said == "publish.gitlab: no credential is set"
    assert "GITLAB_TOKEN or CI_JOB_TOKEN" in hint
    assert files.received == []


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 3])
def test_a_run_killed_after_any_upload_is_finished_by_the_next(
    release: Project, files: Store, every: int
) -> None:
    """It ends in the same place, and no file is sent twice."""
    to = configure(release, files, "plain")
    wanted = published(release)
    for number in range(1, len(wanted) + 1, every):
        for one in (files.files, files.stored):
            one.clear()
        process = release.started("--to", to)

        def kill(process: subprocess.Popen[str] = process, number: int = number) -> None:
            if len(files.stored) == number:
                os.kill(process.pid, signal.SIGKILL)

        files.after = kill
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        files.after = lambda: None
        assert len(files.files) == number
        release.outcomes("--to", to)
        assert files.files == wanted
        assert sorted(files.stored) == sorted(wanted)

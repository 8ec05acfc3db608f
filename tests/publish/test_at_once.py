"""Several jobs publish at once: what is there then is what one after the other would have left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.publish.clients import CLIENTS, package
from tests.publish.conftest import SECONDS
from tests.publish.test_faults import published
from tests.publish.test_files import configure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.publish.conftest import Project
    from tests.publish.registries import Running
    from tests.publish.store import Store

_REFUSED = 14
_LONG = pytest.mark.long


def at_once(projects: Sequence[Project], to: str) -> list[tuple[int, str]]:
    """Publish all at the same time; return how each ended and its standard error."""
    running = [one.started("--to", to) for one in projects]
    ended = [(one.communicate(timeout=SECONDS)[1], one.returncode) for one in running]
    return [(code, said) for said, code in ended]


@pytest.mark.parametrize("client", ["uv", pytest.param("gem", marks=_LONG)])
def test_of_four_jobs_with_two_packages_of_a_name_one_package_is_there(
    request: pytest.FixtureRequest, project: Project, other: Project, client: str
) -> None:
    """Whoever has the same bytes succeeds, and whoever has others is told so."""
    to, server, target = CLIENTS[client]
    running: Running = request.getfixturevalue(server)
    for one in (project, other):
        one.take(running)
        one.build(target)
    ended = at_once([project, other, project, other], to)
    there = running.stored(package(project).name)
    wanted = [there == package(one).read_bytes() for one in (project, other, project, other)]
    assert sorted(wanted) == [False, False, True, True]
    assert [0 if same else _REFUSED for same in wanted] == [code for code, _ in ended], ended
    assert [] == [said for code, said in ended if code and "is not our" not in said]


def test_four_jobs_with_the_same_npm_package_succeed(project: Project, verdaccio: Running) -> None:
    """With two of a name, verdaccio itself was seen to keep the bytes of one and the digest of the other."""
    project.take(verdaccio)
    project.build("npm")
    ended = at_once([project] * 4, "npm")
    assert [0] * 4 == [code for code, _ in ended], ended
    assert verdaccio.stored(package(project).name) == package(project).read_bytes()


def test_bytes_that_are_not_what_the_registry_tells_of_them_are_named(
    project: Project, other: Project, verdaccio: Running
) -> None:
    """Whichever of the two is ours."""
    for one in (project, other):
        one.take(verdaccio)
        one.build("npm")
    assert project.outcomes("--to", "npm") == {"npm": "sent"}
    [path] = verdaccio.folder.rglob(package(project).name)
    path.write_bytes(package(other).read_bytes())
    said, hint = project.error("--to", "npm")
    assert f"is not the {path.name} of which the registry tells our digest" in said
    assert "build a release of a higher number" in hint
    said, _ = other.error("--to", "npm")
    assert "its bytes are, and the registry tells another digest of them" in said


@_LONG
def test_four_jobs_with_the_same_files_store_each_once(release: Project, files: Store) -> None:
    """All of them succeed."""
    to = configure(release, files, "plain")
    assert [code for code, _ in at_once([release] * 4, to)] == [0] * 4
    assert files.files == published(release)
    assert sorted(files.stored) == sorted(files.files)


def test_of_four_jobs_with_two_sets_of_files_each_name_is_whole(
    release: Project, another: Project, files: Store
) -> None:
    """Each is of one of the two, and nobody succeeds who has other bytes."""
    for one in (release, another):
        to = configure(one, files, "plain")
    ended = at_once([release, another] * 2, to)
    both = [published(release), published(another)]
    assert all(data in {one[path] for one in both} for path, data in files.files.items())
    assert sorted(files.stored) == sorted(files.files)
    for number, (code, said) in enumerate(ended):
        assert code == (0 if files.files == both[number % 2] else _REFUSED), said
        assert not code or "is not our" in said

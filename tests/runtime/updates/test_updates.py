"""Whoever adds a library by name gets every later release by the tool's own update, over every new year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.model.release import Release
from tests.runtime.updates.tools import TOOLS, Project

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from tests.runtime.updates.conftest import Built
    from tests.runtime.updates.registry import Registry

    Builder = Callable[[str, str], Built]

# After the first: one of the same day, one of the next day, and the first of the next year; and by months.
_SERIES = {
    "days": ("20261128", "20261128.1", "20261129", "20270104"),
    "months": ("2026.10", "2026.11", "2027.1"),
}
# These ask for the newest release whatever the project says, or write no upper end.
_UNBOUNDED = {"yarn up", "uv sync --upgrade"}
# What lets a project have a release on its first day: a file and a line of it.
_EXEMPT = {
    "yarn up --recursive": (".yarnrc.yml", "npmPreapprovedPackages: [acme-ca]\n"),
    "pnpm update": ("pnpm-workspace.yaml", "minimumReleaseAgeExclude: [acme-ca]\n"),
}


def _version(target: str, release: str) -> str:
    found = Release(release)
    return found.semver if target == "npm" else found.library_version


@pytest.mark.parametrize("series", _SERIES)
@pytest.mark.parametrize("name", TOOLS)
def test_each_release_reaches_a_project_that_updates(
    name: str, series: str, built: Builder, serving: Registry, tmp_path: Path
) -> None:
    """The tool writes a range that takes it, and the CA of the release before is gone."""
    tool = TOOLS[name]
    first, *later = _SERIES[series]
    served = [built(tool.target, first)]
    serving.publish([release.path for release in served])
    project = Project.create(tool, tmp_path, serving.url)
    assert tool.written[list(_SERIES).index(series)] in project.add()
    for release in later:
        served.append(built(tool.target, release))
        serving.publish([each.path for each in served])
        project.update()
        version, pem = project.ask()
        assert version == _version(tool.target, release)
        assert [each.is_in(pem) for each in served] == [each is served[-1] for each in served]


@pytest.mark.parametrize("name", TOOLS)
def test_a_release_in_front_would_not_reach_it(
    name: str, built: Builder, serving: Registry, tmp_path: Path
) -> None:
    """As libraries were named once: an update takes the same day's, and leaves the next day's."""
    tool = TOOLS[name]
    releases = ("20261128.0.0", "20261128.1.0", "20261129.0.0")
    served = [built(tool.target, release) for release in releases]
    serving.publish([served[0].path])
    project = Project.create(tool, tmp_path, serving.url)
    project.add()
    serving.publish([release.path for release in served])
    project.update()
    expected = releases[2 if name in _UNBOUNDED else 1]
    version, pem = project.ask()
    assert version == expected
    assert [release for release, each in zip(releases, served, strict=True) if each.is_in(pem)] == [expected]


@pytest.mark.parametrize("name", _EXEMPT)
def test_a_release_of_today_waits_a_day_unless_the_project_exempts_it(
    name: str, built: Builder, serving: Registry, tmp_path: Path, now: dt.datetime
) -> None:
    """An emergency must not wait: these two look at the time at which each release was published."""
    tool = TOOLS[name]
    served = [built(tool.target, release).path for release in ("20261128", "20261129")]
    serving.publish(served[:1])
    project = Project.create(tool, tmp_path, serving.url)
    project.add()
    serving.publish(served, newest=f"{now:%Y-%m-%dT%H:%M:%S.000Z}")
    project.update()
    assert project.ask()[0] == "1.20261128.0"
    project.extend(*_EXEMPT[name])
    project.update()
    assert project.ask()[0] == "1.20261129.0"

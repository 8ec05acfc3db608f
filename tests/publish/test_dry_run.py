"""--dry-run lists every request that is then made, by trustpack and by the clients, and makes none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.publish import relay
from tests.publish.clients import asked, built, clients, package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Project


@pytest.mark.parametrize("client", clients("npm"))
def test_a_dry_run_lists_every_request(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, client: str
) -> None:
    """Each is made with the file that is named, and no other is."""
    to, running = asked(request, client)
    with relay.relaying(running.url) as before:
        project = built(project, client, running, tmp_path / "bin", url=before.url)
        listed = project.publish("--to", to, "--dry-run").stdout.splitlines()
        assert before.came == []
        assert project.outcomes("--to", to) == {to: "sent"}
    planned = {tuple(line.split()[1:3]) for line in listed}
    made = {(one.method, f"{before.url.rstrip('/')}{unquote(one.path)}") for one in before.came}
    assert made <= planned
    # A gem server whose index knows the package from other tests is not asked for the gem itself.
    assert [url.endswith(".gem") for _, url in planned - made] == ([True] if planned - made else [])
    assert [package(project).name in line and client in line for line in listed if " with " in line] == [True]
    [sent] = before.uploads
    assert sent.size >= package(project).stat().st_size

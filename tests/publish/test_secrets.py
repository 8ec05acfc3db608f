"""A secret is in no command line, output or file that stays, whichever client sends the files."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.publish.clients import CLIENTS, built, clients
from tests.tools import require_linux

if TYPE_CHECKING:
    from tests.publish.conftest import Project
    from tests.publish.registries import Running


@pytest.mark.parametrize("client", clients("npm"))
def test_a_secret_stays_a_secret(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, client: str
) -> None:
    """While the client runs, no command line has it; no file has it at any time, and no folder is left."""
    require_linux()
    running: Running = request.getfixturevalue(CLIENTS[client].server)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    project = built(project, client, running, tmp_path / "bin")
    secrets = [one.encode() for one in project.secrets]
    project.variables["TMPDIR"] = str(temporary)
    over, lines, leaks = threading.Event(), set[bytes](), set[str]()

    def watch() -> None:
        while not over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                lines.add(_read(path))
            for folder, _, names in os.walk(temporary):  # it passes over what is removed meanwhile
                for name in names:
                    data = _read(Path(folder, name))
                    leaks.update(name for secret in secrets if secret in data)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = project.publish("--to", CLIENTS[client].to)
    finally:
        over.set()
        watcher.join()
    assert done.returncode == 0, done.stderr
    seen = [line for line in lines if str(temporary).encode() in line]
    assert seen, "the client was never seen"
    for secret in secrets:
        assert not [line for line in lines if secret in line]
    assert leaks == set()
    assert list(temporary.iterdir()) == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.name == "cmdline" or path.is_file() else b""
    except OSError:
        return b""

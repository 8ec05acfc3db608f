"""trustpack is ended while a client sends: the client ends with it, and the next run finishes."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.publish import relay
from tests.publish.clients import CLIENTS, asked, built, clients, package
from tests.publish.conftest import SECONDS
from tests.tools import require_linux

if TYPE_CHECKING:
    from tests.publish.conftest import Project

_LONG = pytest.mark.long
_INTERRUPTED = 130


def holders(project: Project) -> set[int]:
    """Return the processes of a project's run that have a secret in their environment."""
    ours = project.variables["TMPDIR"].encode()
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if ours in data and any(f"={secret}\0".encode() in data for secret in project.secrets):
            found.add(int(path.parent.name))
    return found


@pytest.mark.parametrize("client", clients("uv"))
@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("sent", signal.SIGKILL),
        pytest.param("sending", signal.SIGKILL, marks=_LONG),
        pytest.param("sent", signal.SIGINT, marks=_LONG),
        pytest.param("sent", signal.SIGTERM, marks=_LONG),
    ],
    ids=["sent-kill", "sending-kill", "sent-interrupt", "sent-terminate"],
)
def test_a_run_that_is_ended_while_a_client_sends_is_finished_by_the_next(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, client: str, moment: str,
    end: signal.Signals,
) -> None:  # fmt: skip
    """Before the server has the file, or has answered: nobody who has the secret is left, and no file."""
    require_linux()
    to, running = asked(request, client)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with relay.relaying(running.url) as before:
        project = built(project, client, running, tmp_path / "bin", url=before.url)
        project.variables["TMPDIR"] = str(temporary)
        left: list[set[int]] = []
        during: list[str] = []

        def kill() -> None:
            setattr(before, moment, lambda: None)
            during.extend(path.name for path in temporary.iterdir())
            assert len(holders(project)) > 1, "the client has it while it sends"
            os.kill(process.pid, end)
            until = time.monotonic() + 10
            while holders(project) and time.monotonic() < until:
                process.poll()
                time.sleep(0.01)
            left.append(holders(project))

        setattr(before, moment, kill)
        process = project.started("--to", to)
        _, said = process.communicate(timeout=SECONDS)
        assert process.returncode == (_INTERRUPTED if end is signal.SIGINT else -end)
        assert "Traceback" not in said
        deadline = time.monotonic() + 10
        while not left and time.monotonic() < deadline:
            time.sleep(0.01)
        assert left == [set()]
        assert during
        assert [path.name for path in temporary.iterdir()] == ([] if end is signal.SIGINT else during)
        assert project.outcomes("--to", to)[to] in {"sent", "there"}
    assert list(temporary.iterdir()) == []
    path = package(project)
    assert running.stored(path.name) == path.read_bytes()


@_LONG
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_is_kept_waiting_is_ended_and_started_again(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, client: str
) -> None:
    """After --timeout; the second time it is answered."""
    to, running = asked(request, client)
    with relay.relaying(running.url) as before:
        project = built(project, client, running, tmp_path / "bin", url=before.url)
        waited = threading.Event()

        def wait() -> None:
            before.sent = lambda: None
            waited.wait(SECONDS)

        before.sent = wait
        done = project.publish("--to", to, "--timeout", "10")
        tried = len(before.uploads)
        waited.set()
    assert done.returncode == 0, done.stderr
    assert tried == 2
    assert "trying again" in done.stderr

"""A trial believes a client only where both ends of the connection agree, and counts only real testbedes."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from builder.errors import ProofError
from builder.prove import authority, report, trial
from builder.prove.handshake import HandshakeResult, ask, ask_client_only
from builder.prove.report import Proof
from builder.prove.server import listen
from builder.prove.testbed import Client, Ran
from builder.prove.trial import Question, Status, TrialSetup
from builder.release.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
AFTER = frozenset({"installed", "upgraded"})
# A client whose trust store is one file.
READER = """
import os, ssl, sys, urllib.request
cafile = sys.argv[2] if os.path.exists(sys.argv[2]) else None
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
if cafile:
    context.load_verify_locations(cafile)
urllib.request.urlopen(sys.argv[1], context=context, timeout=20).read()
"""
# One that connects, and stops before it has seen a certificate.
CRASHER = """
import socket, sys
from urllib.parse import urlsplit
address = urlsplit(sys.argv[1])
socket.create_connection((address.hostname, address.port)).close()
raise KeyError("a bug")
"""
CARELESS = READER.replace("if cafile:", "context.check_hostname = False\ncontext.verify_mode = 0\nif False:")


@dataclass
class Folder:
    """A testbed whose packages are PEM files and whose trust store is a folder with one of them."""

    folder: Path
    code: str = READER
    stand_in: str = ""
    leftover: bool = False
    broken: bool = False
    greedy: bool = False
    missing: tuple[str, ...] = field(default=())

    @property
    def store(self) -> Path:
        return self.folder / "store.pem"

    def clients(self) -> Sequence[Client]:
        return [Client("reader", (sys.executable, "-c", self.code, "{url}", str(self.store)), version="1.0")]

    def absent(self) -> Sequence[str]:
        return self.missing

    def run(self, client: Client, url: str) -> Ran:
        command = [word.replace("{url}", url) for word in client.command]
        done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
        return Ran(done.returncode, done.stdout + done.stderr)

    @property
    def manager(self) -> str:
        return ""

    def know_nothing(self) -> None: ...

    def type_in(self, lines: str, *, there: bool) -> None: ...

    def install(self, package: Path) -> None:
        if self.broken:
            raise ProofError("the package manager fails")
        self.store.write_bytes(package.read_bytes())

    def upgrade(self, package: Path) -> None:
        self.install(package)

    def remove(self) -> None:
        self.store.unlink()
        if self.leftover:
            (self.folder / "leftover.pem").touch()

    def trust(self) -> object:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def roots(self) -> Mapping[str, frozenset[str]]:
        return {
            "others": frozenset({"mozilla"} if self.store.exists() and self.greedy else {"mozilla", "acme"})
        }


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> TrialSetup:
    """Return two packages, the second with another root, and a question about each root."""
    folder = tmp_path_factory.mktemp("packages")
    one, two = (authority.create(name, now=NOW) for name in ("One", "Two"))
    (folder / "first").write_bytes(one.pem)
    (folder / "second").write_bytes(one.pem + two.pem)
    questions = (
        Question("kept", authority.issue(one, ["localhost"], now=NOW), accepted=AFTER),
        Question("added", authority.issue(two, ["localhost"], now=NOW), accepted=frozenset({"upgraded"})),
    )
    return TrialSetup("folder", folder / "first", folder / "second", questions)


def prove(plan: TrialSetup, cells: list[trial.Cell]) -> Proof:
    """Return the proof that these cells are."""
    manifest = Manifest("acme", "2026.1", 0, (), ())
    return Proof("recipe proof", manifest, NOW, plan.questions, tuple(cells))


def test_a_client_that_does_as_promised_in_every_phase_is_proven(plan: TrialSetup, tmp_path: Path) -> None:
    """What it did is kept, by phase and question."""
    [cell] = trial.run(plan, Folder(tmp_path))
    assert (cell.status, cell.faults) == (Status.PROVEN, ())
    assert cell.steps == {
        "before": {"kept": "refused", "added": "refused"},
        "installed": {"kept": "accepted", "added": "refused"},
        "upgraded": {"kept": "accepted", "added": "accepted"},
        "removed": {"kept": "refused", "added": "refused"},
    }
    assert report.verdict(prove(plan, [cell])) == ""


def test_a_package_that_takes_others_roots_away_is_found_out(plan: TrialSetup, tmp_path: Path) -> None:
    """While it is installed, whatever it restores in the end."""
    [cell] = trial.run(plan, Folder(tmp_path, greedy=True))
    assert cell.status is Status.FAILED
    assert cell.faults == tuple(
        f"{phase}: 1 of 2 roots that the testbed trusted are gone from others"
        for phase in ("installed", "upgraded")
    )


def test_a_stand_in_is_never_green(plan: TrialSetup, tmp_path: Path) -> None:
    """A double that passes has a status of its own, and alone it proves nothing."""
    proof = prove(plan, trial.run(plan, Folder(tmp_path, stand_in="a folder for a store")))
    assert [cell.status for cell in proof.cells] == [Status.STAND_IN]
    assert not proof.holds
    assert report.verdict(proof) == "folder/reader: nothing was proven"
    assert report.rows(proof)[0][-1] == "stand-in, not counted"
    assert report.remarks(proof) == ["folder: stand-in: a folder for a store"]


def test_an_absent_client_is_never_green(plan: TrialSetup, tmp_path: Path) -> None:
    """It says why it is not there, and alone it proves nothing."""
    testbed = Folder(tmp_path, missing=("other: nobody wrote it",))
    proof = prove(plan, trial.run(plan, testbed, frozenset({"other"})))
    assert [(cell.client, cell.status) for cell in proof.cells] == [("other", Status.ABSENT)]
    assert not proof.holds
    assert report.rows(proof) == [("folder", "other", "-", "-", "-", "-", "absent, not counted")]
    assert report.remarks(proof) == ["folder/other: absent, because nobody wrote it"]


def test_a_client_that_crashes_has_refused_nothing(plan: TrialSetup, tmp_path: Path) -> None:
    """It connects and ends with an error: broken in every phase, and the cell has failed."""
    [cell] = trial.run(plan, Folder(tmp_path, code=CRASHER))
    assert cell.status is Status.FAILED
    assert {verdict for step in cell.steps.values() for verdict in step.values()} == {"broken"}
    assert cell.faults[0] == "before, kept: broken, not refused: KeyError: 'a bug'"


def test_a_client_that_reaches_no_server_has_refused_nothing(tmp_path: Path) -> None:
    """Whether the server was ours or somebody else's."""
    testbed = Folder(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    verdict, words = ask_client_only(testbed, testbed.clients()[0], f"https://localhost:{port}/")
    assert (verdict, "refused>" in words) == (HandshakeResult.BROKEN, True)
    with listen(authority.issue(authority.create("Any", now=NOW), ["localhost"], now=NOW)) as listener:
        elsewhere = Client("elsewhere", (sys.executable, "-c", READER, f"https://localhost:{port}/", "none"))
        assert ask(testbed, elsewhere, listener)[0] is HandshakeResult.BROKEN


def test_a_client_killed_by_a_signal_has_refused_nothing(tmp_path: Path) -> None:
    """Whatever it said before."""
    code = CRASHER.replace(
        'raise KeyError("a bug")', "import os; print('certificate', flush=True); os.kill(0 or os.getpid(), 9)"
    )
    testbed = Folder(tmp_path, code=code)
    with listen(authority.issue(authority.create("Any", now=NOW), ["localhost"], now=NOW)) as listener:
        assert ask(testbed, testbed.clients()[0], listener) == (HandshakeResult.BROKEN, "certificate")


def test_a_client_that_verifies_nothing_fails(plan: TrialSetup, tmp_path: Path) -> None:
    """Accepting what is to be refused is as wrong as refusing what is to be accepted."""
    [cell] = trial.run(plan, Folder(tmp_path, code=CARELESS))
    assert cell.status is Status.FAILED
    assert cell.faults[0].startswith("before, kept: accepted, not refused")


def test_a_package_that_cannot_be_installed_fails_every_client(plan: TrialSetup, tmp_path: Path) -> None:
    """With the words of its package manager."""
    [cell] = trial.run(plan, Folder(tmp_path, broken=True))
    assert (cell.status, cell.faults) == (Status.FAILED, ("installed: the package manager fails",))


def test_trust_that_is_left_behind_fails_every_client(plan: TrialSetup, tmp_path: Path) -> None:
    """And what is left is named."""
    [cell] = trial.run(plan, Folder(tmp_path, leftover=True))
    said = "removed: what the testbed trusts is not what it trusted before: leftover.pem"
    assert (cell.status, cell.faults) == (Status.FAILED, (said,))
    assert report.verdict(prove(plan, [cell])) == "folder/reader: the proof failed"

"""Two machines that share no folder build for a third: the same bytes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.batch.disturbed import runs
from tests.batch.disturbed.cluster import certificates
from tests.organisations import NOW
from tests.tools import require_networks

if TYPE_CHECKING:
    from tests.batch.disturbed.conftest import Organisations

_SCRIPT = Path(__file__).with_name("two-machines.sh")
_SENT = 10_000  # bytes for each organisation, about


def test_two_machines(many: Organisations, tmp_path: Path) -> None:
    """Workers with networks of their own, that see neither what is read nor what is written, do it all."""
    require_networks()
    certificates(tmp_path / "work")
    (tmp_path / "out").mkdir()
    alone = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    words = [*alone, "sh", _SCRIPT, many.folder, tmp_path / "out", tmp_path / "work", NOW.isoformat()]
    done = subprocess.run(
        list(map(str, words)), check=False, capture_output=True, text=True, env=runs.clean()
    )
    logs = "".join(path.read_text("utf-8") for path in (tmp_path / "work").glob("*.log"))
    assert 0 == done.returncode, done.stdout + done.stderr + logs
    assert many.built == runs.outputs(tmp_path / "out")
    # A part of it by each of the two: how large a one, the machine's load decides.
    assert min(map(int, done.stdout.split()[-2:])) > many.total * _SENT / 8

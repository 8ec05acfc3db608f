"""End a build before each of its file operations, and say what it left.

Each build is a forked child that a real SIGKILL, or an error of the operating system, ends. Nothing of ours
is replaced: Python's own audit events tell the child when it is about to open, rename or remove a file.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from builder.pipeline import build as pipeline
from builder.pipeline.request import BuildRequest
from builder.release import manifest as manifests
from tests.unit import bundles

_EVENTS = {"open", "os.rename", "os.remove"}
_SURVIVED = 0
_FAILED = 3


def main(folder: Path, ending: str) -> None:
    """Build a release over another, ended before its first, second, … operation; print what each left."""
    source = bundles.target(folder / "config")
    second = bundles.target(folder / "config", bundles.MINIMAL_RECIPE.replace("thing", "other"), "other")

    def order(*labels: str) -> BuildRequest:
        return BuildRequest(
            organisation=bundles.organisation(),
            bundle=bundles.bundle(*labels),
            sources=[source, second],
            today=bundles.NOW.date(),
        )

    first, changed = order("Acme Root"), order("Acme Root", "Acme Root 2")
    dist, fresh = folder / "dist", folder / "fresh"
    for start in (fresh, folder / "once"):
        start.mkdir()
        (start / "notes.txt").write_text("not ours")
    pipeline.build(first, folder / "once")
    for before in (fresh, folder / "once"):
        operation, status = 0, None
        while status != _SURVIVED:
            operation += 1
            shutil.rmtree(dist, ignore_errors=True)
            shutil.copytree(before, dist)
            old = manifests.read_manifest(dist)
            status = _fork(lambda: pipeline.build(changed, dist), dist, operation, ending)
            left = _describe(dist, old)
            _fork(lambda: pipeline.build(changed, dist), dist, sys.maxsize, ending)
            print(before.name, status, left, *sorted(path.name for path in dist.iterdir()))  # noqa: T201  this is a program


def _fork(work: Callable[[], object], dist: Path, operation: int, ending: str) -> int:
    """Do `work` in a child that ends before its `operation`-th change below `dist`; return how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in _EVENTS or not str(arguments[0]).startswith(str(dist)):
            return
        if event == "open" and "r" in str(arguments[1] or "r"):
            return
        seen += 1
        if seen != operation:
            return
        if ending == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(28, "No space left on device", str(arguments[0]))

    sys.addaudithook(hook)
    try:
        work()
    except Exception:  # noqa: BLE001  the parent asks only how it ended
        os._exit(_FAILED)
    os._exit(_SURVIVED)


def _describe(dist: Path, old: manifests.Manifest | None) -> str:
    """Say which release the folder describes, and whether every file of it is there and right."""
    found = manifests.read_manifest(dist)
    which = "old" if found == old else "new"
    for entry in found.artifacts if found else ():
        if bundles.sha256(dist / entry.file) != entry.sha256:
            return f"{which}-broken"
    return f"{which}-whole" + ("-littered" if any(dist.glob(".*")) else "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

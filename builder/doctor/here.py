"""The doctor on the machine at hand: the modules that its package ships, held against a project's CAs."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from builder.errors import OutputError, UsageError
from builder.release.manifest import read_manifest, to_json
from builder.render.shipped import ROOT

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from builder.model import Certificate

_NAME = "trust_doctor"
_FOLDER = ROOT / "templates" / "doctor" / _NAME


def load(part: str) -> ModuleType:
    """Return one of the doctor's modules; nothing compiled is left beside its source."""
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        if _NAME not in sys.modules:
            _whole()
        return importlib.import_module(f"{_NAME}.{part}")
    finally:
        sys.dont_write_bytecode = kept


def _whole() -> None:
    spec = importlib.util.spec_from_file_location(
        _NAME, _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
    )
    if spec is None or spec.loader is None:
        raise OutputError(f"{_FOLDER}: is missing", hint="install trustpack anew")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)


def expected(
    certificates: Sequence[Certificate], states: Mapping[str, str], *, organisation: str, release: str,
    packages: Mapping[str, str],
) -> Any:  # fmt: skip
    """Return what these CAs, each in its state by fingerprint, mean for a machine."""
    module = load("expected")
    found = module.of_certificates([one.der for one in certificates], dict(states))
    shown = sorted(found.values(), key=lambda one: (one.state == "distrusted", one.name, one.sha256))
    return module.Expected(organisation, release, shown, dict(packages))


def of_release(folder: Path) -> Any:
    """Return what the release in a folder means for a machine; raises what reading its manifest raises."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise UsageError(f"--release {folder}: holds no release", hint="'trustpack build --out' makes one")
    return load("expected").of_release(to_json(manifest), b"")


def examine(
    root: Path, wanted: Any, *, now: dt.datetime, seconds: int, run: bool, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Return the document `host` of the machine whose files lie below `root`."""
    scan = load("scan")
    host = scan.host_of(str(root), seconds=seconds, may_run=run, environ=environ)
    found: dict[str, Any] = scan.examine(host, wanted, now.timestamp())
    return found


def printed(found: Mapping[str, Any], form: str) -> str:
    """Return the document as 'text', 'json' or 'openmetrics'."""
    text: str = getattr(load("output"), f"as_{form}")(found)
    return text


def status(found: Mapping[str, Any]) -> int:
    """Return the exit status: 0 fine, 1 something is to be mended, 3 not everything could be looked at."""
    code: int = load("scan").status(found)
    return code

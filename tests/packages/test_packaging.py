"""The packaging revision, which locks pin: raised whenever packages of the same input get other bytes.

`pytest tests/packages/test_packaging.py --update-golden` writes the table anew, once the revision is raised.
A new target changes the bytes of none: its packages come into the table without that.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder import PACKAGING_REVISION
from builder.lifecycle import lockfile
from builder.pipeline import build as pipeline
from builder.pipeline.accept import accept
from builder.pipeline.plan import following
from builder.pipeline.project import find
from builder.pipeline.request import request as build_request
from tests import targets

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).parents[1]
_TABLE = _ROOT / "data" / "packaging.txt"
_BUNDLE = _ROOT / "docs" / "bundle"
_STOLEN = "e27eb9e42908fb2b1f68664608ac99b6e636c99f3f4e3f258ab20be59211f3dc"
# Two releases of one day.
_DAYS = (dt.datetime(2026, 11, 28, tzinfo=dt.UTC), dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC))
_MORE = f"""\
site: https://packages.acme.example
npm_scope: "@acme"
names: {{deb: acme-trust}}
publish: {{public: [pypi, npm, rubygems]}}
lifecycle:
  authorities:
    {_STOLEN}: {{state: distrusted, since: 2026-11-28, evidence: INC-1}}
"""


def _settings() -> str:
    """Return the last choice of every setting."""
    chosen = {
        name: {key: one.choices[-1] for key, one in target.recipe.settings.items()}
        for name, target in targets.ALL.items()
        if target.recipe.settings
    }
    return f"settings: {json.dumps(chosen)}\n"


# What packages may depend on: once by default, and once all of it in another way.
_CASES = {"plain": "", "full": _MORE + _settings()}


def test_other_bytes_are_another_packaging(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Else a lock would let another trustpack give other bytes to a version that is out."""
    made = {
        f"{case}/{name}": digest
        for case in _CASES
        for name, digest in _digests(tmp_path / case, case).items()
    }
    revision, known = _read()
    different = sorted(name for name in known if made.get(name) != known[name])
    if revision == PACKAGING_REVISION:
        assert different == [], "raise PACKAGING_REVISION in builder/__init__.py, then pytest --update-golden"
    if (revision, made.keys()) == (PACKAGING_REVISION, known.keys()):
        return
    if request.config.getoption("--update-golden"):
        rows = "".join(f"{digest}  {name}\n" for name, digest in sorted(made.items()))
        _TABLE.write_text(f"revision {PACKAGING_REVISION}\n{rows}", "utf-8")
    else:
        pytest.fail("the table lacks this PACKAGING_REVISION, or a target: pytest --update-golden adds it")


def _read() -> tuple[int, Mapping[str, str]]:
    """Return the table's revision, 0 where there is no table, and its digests by case and file."""
    if not _TABLE.exists():
        return 0, {}
    head, *rows = _TABLE.read_text("utf-8").splitlines()
    return int(head.split()[1]), {name: digest for digest, name in (row.split("  ") for row in rows)}


def _digests(folder: Path, case: str) -> dict[str, str]:
    """Return the digest of each file of every target, of the second release of a locked project."""
    shutil.copytree(_BUNDLE, folder)
    config = folder / "trustpack.yaml"
    for day, paths in zip(_DAYS, ("roots.pem", "roots.pem, new-root.pem, stolen-root.pem"), strict=True):
        more = _CASES[case] if day == _DAYS[-1] else ""
        config.write_text(f"organisation: {{slug: acme}}\nbundle: {{paths: [{paths}]}}\n{more}\n", "utf-8")
        project = find([], None, config, now=day)
        bundle = accept(project).bundle
        lock = following(project, bundle)
        (folder / "trustpack.lock").write_text(lockfile.to_text(lock), "utf-8")
    locked = find([], None, config, now=_DAYS[-1])
    wanted = build_request(locked, bundle, targets=list(targets.ALL))
    return {entry.file: entry.sha256 for entry in pipeline.build(wanted, folder / "dist").artifacts}

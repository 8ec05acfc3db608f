"""Places that may be named together, and those that would be written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.batch import places
from builder.errors import UsageError
from tests.batch import folders
from tests.unit.batch.building import batch


@pytest.mark.parametrize("out", ["orgs", "orgs/out", ".", "s3://bucket/orgs/out"])
def test_no_release_lies_among_the_organisations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    """Neither below their folder, nor around it: an organisation may be called as that is."""
    (tmp_path / "orgs").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="the folder of organisations"):
        places.refuse_inside("s3://bucket/orgs" if out.startswith("s3") else "orgs", out)


def test_places_beside_each_other_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As are those whose names begin alike."""
    monkeypatch.chdir(tmp_path)
    places.refuse_inside("orgs", "orgs-out")
    places.refuse_inside("orgs", "s3://bucket")
    places.refuse_there(Path("batch.prom"), "orgs", "out", "s3://bucket")


def test_metrics_replace_no_file_of_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the manifest that they would be written over."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"--openmetrics out/acme/manifest\.json: lies in out"):
        places.refuse_there(Path("out/acme/manifest.json"), "orgs", "out")


def test_a_target_that_nobody_has_is_told_once(tmp_path: Path) -> None:
    """Not of each organisation; with recipes of their own, one may have it."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n")
    with pytest.raises(UsageError, match="target 'pen': there is no such recipe"):
        batch(tmp_path, targets=["pen"])
    assert batch(tmp_path, targets=["pen"], allow_recipes=True).rows["acme"].status == "failed"


def test_a_name_is_told_in_one_line(tmp_path: Path) -> None:
    """It makes no line of the report that others would believe."""
    (tmp_path / "orgs" / "x\nfailed: good").mkdir(parents=True)
    lines = batch(tmp_path).as_text().splitlines()
    assert [line for line in lines if line.startswith("failed: ")] == [
        r"failed: orgs/x\u000afailed: good: is not a usable name"
    ]

"""Realms in a batch: each is built as one organisation more, and no two things have one name."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

import pytest

from builder.batch import realms
from builder.batch.build import BatchOrder, build
from builder.batch.organisations import opened
from builder.batch.outputs import OutputsFolder
from tests.batch import folders
from tests.batch.here import Here

if TYPE_CHECKING:
    from pathlib import Path

    from builder.batch.report import BatchReport

REALM = "targets: [deb]\nrealms:\n  staging:\n    bundle: {paths: [roots.pem]}\n    targets: [pem]\n"


def ran(folder: Path, only: list[str] | None = None) -> BatchReport:
    """Build the organisations of a folder by a worker that is this process."""
    order = BatchOrder(now=dt.datetime.fromisoformat(folders.NOW), only=only)
    with opened(folder / "orgs") as place:
        return build(place, OutputsFolder(folder / "out"), order, lambda: contextlib.nullcontext(Here()))


def statuses(report: BatchReport) -> dict[str, str]:
    """Return what came of each."""
    return {slug: row.status.value for slug, row in sorted(report.rows.items())}


def test_each_realm_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """Beside the organisation's; a second batch skips both, and one that is gone is said to be."""
    acme = folders.organisation(tmp_path / "orgs", "acme", REALM)
    report = ran(tmp_path)
    assert (statuses(report), report.total) == ({"acme": "built", "acme-staging": "built"}, 2)
    files = {slug: sorted(found) for slug, found in folders.states(tmp_path / "out").items()}
    assert [name for name in files["acme"] if "acme" in name] == ["acme-ca-certs_20261124_all.deb"]
    assert "acme-staging-ca-certs-20261124.pem" in files["acme-staging"]
    assert statuses(ran(tmp_path)) == {"acme": "skipped", "acme-staging": "skipped"}
    assert statuses(ran(tmp_path, ["acme"])) == {"acme": "skipped", "acme-staging": "skipped"}

    text = (acme / "trustpack.yaml").read_text()
    (acme / "trustpack.yaml").write_text(text.partition("realms:")[0])
    report = ran(tmp_path)
    assert (statuses(report), report.vanished) == ({"acme": "built"}, ["acme-staging"])
    (acme / "trustpack.yaml").write_text("{")
    assert ran(tmp_path).vanished == []


def test_what_is_a_realm_and_a_folder_is_built_as_neither(tmp_path: Path) -> None:
    """Nor what is a realm of two organisations; all else of both is built."""
    folders.organisation(tmp_path / "orgs", "acme", REALM)
    folders.organisation(tmp_path / "orgs", "acme-staging", "targets: [pem]\n")
    two = "targets: [pem]\nrealms:\n  {}:\n    bundle: {{paths: [roots.pem]}}\n"
    folders.organisation(tmp_path / "orgs", "globex", two.format("eu-test"))
    folders.organisation(tmp_path / "orgs", "globex-eu", two.format("test"))
    report = ran(tmp_path)
    assert statuses(report) == {
        "acme": "built",
        "acme-staging": "failed",
        "globex": "built",
        "globex-eu": "built",
        "globex-eu-test": "failed",
    }
    assert report.total == 5
    assert report.rows["acme-staging"].message.endswith(
        "acme-staging: is a folder and the realm staging of acme"
    )
    said = "globex-eu-test: is the realm eu-test of globex and the realm test of globex-eu"
    assert report.rows["globex-eu-test"].message.endswith(said)
    assert not (tmp_path / "out" / "acme-staging").exists()
    assert not (tmp_path / "out" / "globex-eu-test").exists()
    # Who asks for one is told of what concerns it, and of no other's quarrel.
    assert statuses(ran(tmp_path, only=["globex-eu"])) == {"globex-eu": "skipped", "globex-eu-test": "failed"}
    assert statuses(ran(tmp_path, only=["acme"])) == {"acme": "skipped", "acme-staging": "failed"}
    folders.organisation(tmp_path / "orgs", "initech", "targets: [pem]\n")
    assert statuses(ran(tmp_path, only=["initech"])) == {"initech": "built"}


def test_a_realm_that_could_not_be_told_beforehand_fails_its_organisation(tmp_path: Path) -> None:
    """As one in YAML's escapes: it could be another organisation's name."""
    folders.organisation(tmp_path / "orgs", "acme", REALM.replace("realms:", '"\\x72ealms":'))
    folders.organisation(tmp_path / "orgs", "acme-staging", "targets: [pem]\n")
    report = ran(tmp_path)
    assert statuses(report) == {"acme": "failed", "acme-staging": "built"}
    assert report.rows["acme"].message.endswith("trustpack.yaml: has realms that cannot be told beforehand")


def test_what_is_wrong_with_a_realm_is_said_where_it_stands(tmp_path: Path) -> None:
    """A slug that is not the folder's, and a path that leads out of it, in a realm as elsewhere."""
    folders.organisation(tmp_path / "orgs", "acme", REALM.replace("roots.pem]}\n    t", "../x.pem]}\n    t"))
    other = folders.organisation(tmp_path / "orgs", "globex", REALM)
    text = (other / "trustpack.yaml").read_text()
    (other / "trustpack.yaml").write_text(text.replace("slug: globex", "slug: acme"))
    report = ran(tmp_path)
    assert statuses(report) == dict.fromkeys(["acme-staging", "globex", "globex-staging"], "failed") | {
        "acme": "built"
    }
    where = f"{tmp_path}/orgs/acme/trustpack.yaml:8: "
    assert report.rows["acme-staging"].message == f"{where}'../x.pem' leads out of the folder"
    for slug in ("globex", "globex-staging"):
        assert "organisation.slug is acme, and its folder is globex" in report.rows[slug].message


@pytest.mark.parametrize(
    "text",
    ["realms: [a]", "realms: a", "- realms", "realms: {A: {}}", "realms: {a", "realms: &a {b: *a}"],
)
def test_a_faulty_file_tells_of_no_realms(text: str) -> None:
    """Whoever builds says what is wrong with it."""
    assert realms.names({"trustpack.yaml": text.encode()}) == ()
    assert realms.names({"trustpack.yaml": b"realms: {a: {}}" + b" " * 200_000}) == ()
    assert realms.names({"trustpack.yaml": b"realms: {a: {}, b-c: {}}"}) == ("a", "b-c")

"""The pipeline: which version a build gets, what joins a release, and that a failed build changes nothing."""

import datetime as dt
import hashlib
import tarfile
from pathlib import Path

import msgspec
import pytest

from builder.errors import ConfigError, OutputError, ReleaseError
from builder.model.release import Release
from builder.pipeline import build as pipeline
from builder.pipeline.request import BuildRequest
from builder.release.manifest import Manifest
from tests.unit import bundles

ONE, OTHER = bundles.bundle("Acme Root"), bundles.bundle("Acme Root", "Acme Root 2")
TODAY, TOMORROW = dt.date(2026, 11, 24), dt.date(2026, 11, 25)
RECIPE = bundles.MINIMAL_RECIPE


@pytest.fixture
def wanted(tmp_path: Path) -> BuildRequest:
    """Return an order of two small targets."""
    source = bundles.target(tmp_path / "config")
    other = bundles.target(tmp_path / "config", RECIPE.replace("thing", "other"), "other")
    return BuildRequest(organisation=bundles.organisation(), bundle=ONE, sources=[source, other], today=TODAY)


def build(wanted: BuildRequest, folder: Path, **changes: object) -> Manifest:
    """Build a request with some changes."""
    return pipeline.build(msgspec.structs.replace(wanted, **changes), folder / "dist")


def state(folder: Path) -> dict[str, str]:
    """Return the digest of every file in the output folder."""
    return {path.name: bundles.sha256(path) for path in (folder / "dist").iterdir()}


def test_a_build_is_named_after_its_day(wanted: BuildRequest, tmp_path: Path) -> None:
    """The first release of a day has no counter; its files carry the day's midnight."""
    manifest = build(wanted, tmp_path)
    assert (manifest.release, manifest.epoch) == ("20261124", 1_795_478_400)
    with tarfile.open(tmp_path / "dist" / "acme-thing-20261124.tar.gz") as archive:
        member = archive.getmember("roots.pem")
        stream = archive.extractfile(member)
        assert stream
        assert (stream.read().decode(), member.mtime) == (ONE.pem, manifest.epoch)


def test_unchanged_content_keeps_version_and_bytes(wanted: BuildRequest, tmp_path: Path) -> None:
    """A second build of the same day changes not one byte."""
    build(wanted, tmp_path)
    before = state(tmp_path)
    assert build(wanted, tmp_path).release == "20261124"
    assert state(tmp_path) == before


def test_other_content_on_the_same_day_counts_up(wanted: BuildRequest, tmp_path: Path) -> None:
    """Each further content of a day gets the next counter, going back to an earlier one too."""
    contents = [ONE, OTHER, OTHER, ONE, ONE]
    releases = [build(wanted, tmp_path, bundle=bundle).release for bundle in contents]
    assert releases == ["20261124", "20261124.1", "20261124.1", "20261124.2", "20261124.2"]
    assert sorted(state(tmp_path)) == [
        "SHA256SUMS",
        "acme-other-20261124.2.tar.gz",
        "acme-thing-20261124.2.tar.gz",
        "manifest.json",
    ]


def test_other_bytes_from_the_same_certificates_count_up(wanted: BuildRequest, tmp_path: Path) -> None:
    """A changed recipe is another content too: one version never names two different files."""
    build(wanted, tmp_path)
    changed = bundles.target(tmp_path / "config", RECIPE.replace("path: roots.pem", "path: cas.pem"))
    assert build(wanted, tmp_path, sources=[changed]).release == "20261124.1"


def test_a_new_day_starts_anew(wanted: BuildRequest, tmp_path: Path) -> None:
    """Tomorrow's release has tomorrow's date and no counter."""
    build(wanted, tmp_path)
    build(wanted, tmp_path, bundle=OTHER)
    assert build(wanted, tmp_path, bundle=OTHER, today=TOMORROW).release == "20261125"


@pytest.mark.parametrize("spelling", ["20261124", "20261124.0"])
def test_an_explicit_version_of_other_content_is_refused(
    wanted: BuildRequest, tmp_path: Path, spelling: str
) -> None:
    """The same version is never given to other certificates, however it is spelt."""
    build(wanted, tmp_path, release=Release("20261124"))
    before = state(tmp_path)
    with pytest.raises(ReleaseError) as caught:
        build(wanted, tmp_path, release=Release(spelling), bundle=OTHER)
    assert str(caught.value) == (
        f"release {spelling}: {tmp_path}/dist already holds other content under this version"
    )
    assert "higher --release" in caught.value.hint
    assert state(tmp_path) == before


def test_an_explicit_version_of_the_same_content_is_built_again(wanted: BuildRequest, tmp_path: Path) -> None:
    """Nothing changes."""
    build(wanted, tmp_path, release=Release("2026.10"))
    before = state(tmp_path)
    build(wanted, tmp_path, release=Release("2026.10"))
    assert state(tmp_path) == before


def test_a_version_below_the_last_ones_is_refused(wanted: BuildRequest, tmp_path: Path) -> None:
    """A new recipe may give a later release a version that no client would take; the old release stays."""
    build(wanted, tmp_path)
    before = state(tmp_path)
    text = RECIPE.replace('version: "{release}"', 'version: "{library_version}"')
    changed = bundles.target(tmp_path / "config", text)
    with pytest.raises(ReleaseError) as caught:
        build(wanted, tmp_path, sources=[changed], today=TOMORROW)
    assert str(caught.value) == (
        f"recipe thing: acme-thing 1.20261125 sorts below 20261124, which {tmp_path}/dist holds"
    )
    assert caught.value.hint.startswith("clients that have 20261124 keep it, and its roots, until ")
    assert state(tmp_path) == before
    other = build(wanted, tmp_path, sources=[changed], today=TOMORROW, names={"thing": "acme-new"})
    assert [entry.version for entry in other.artifacts] == ["1.20261125"]


def test_an_explicit_versions_time_is_the_newest_certificates(wanted: BuildRequest, tmp_path: Path) -> None:
    """Without a date in the version, nothing of the clock gets into the files."""
    manifest = build(wanted, tmp_path, release=Release("2026.10"))
    assert dt.datetime.fromtimestamp(manifest.epoch, dt.UTC) == ONE.certificates[0].not_before


def test_source_date_epoch_decides_the_time(wanted: BuildRequest, tmp_path: Path) -> None:
    """It is the time stamp of every file."""
    manifest = build(wanted, tmp_path, source_date_epoch=1_700_000_000)
    with tarfile.open(tmp_path / "dist" / "acme-thing-20261124.tar.gz") as archive:
        assert (manifest.epoch, archive.getmember("roots.pem").mtime) == (1_700_000_000, 1_700_000_000)


def test_a_build_of_one_target_joins_the_same_release(wanted: BuildRequest, tmp_path: Path) -> None:
    """Targets built one after the other make the release that one build makes."""
    build(wanted, tmp_path)
    whole = state(tmp_path)
    for name in whole:
        (tmp_path / "dist" / name).unlink()
    for source in reversed(wanted.sources):
        build(wanted, tmp_path, sources=[source])
    assert state(tmp_path) == whole


def test_a_build_of_one_target_with_other_content_is_a_release_of_its_own(
    wanted: BuildRequest, tmp_path: Path
) -> None:
    """Packages with different certificates never stand in one release."""
    build(wanted, tmp_path)
    manifest = build(wanted, tmp_path, sources=wanted.sources[:1], bundle=OTHER)
    assert [entry.file for entry in manifest.artifacts] == [
        f"acme-{wanted.sources[0].target}-20261124.1.tar.gz"
    ]
    assert len(state(tmp_path)) == 3


def test_a_renamed_package_replaces_its_own_file(wanted: BuildRequest, tmp_path: Path) -> None:
    """The old name's file goes, the other target's stays."""
    build(wanted, tmp_path)
    build(wanted, tmp_path, names={"thing": "acme-new"})
    assert sorted(state(tmp_path)) == [
        "SHA256SUMS",
        "acme-new-20261124.tar.gz",
        "acme-other-20261124.tar.gz",
        "manifest.json",
    ]


def test_another_organisations_folder_is_refused(wanted: BuildRequest, tmp_path: Path) -> None:
    """Its release would be taken for a stale one of ours."""
    build(wanted, tmp_path)
    before = state(tmp_path)
    with pytest.raises(OutputError) as caught:
        build(wanted, tmp_path, organisation=bundles.organisation("umbrella"))
    assert str(caught.value) == f"{tmp_path}/dist: holds the packages of acme"
    assert state(tmp_path) == before


@pytest.mark.parametrize("same", ["acme-thing", "Acme-Thing"])
def test_two_targets_with_one_file_name_are_refused(wanted: BuildRequest, tmp_path: Path, same: str) -> None:
    """One would silently replace the other, on a file system that ignores case too."""
    text = RECIPE.replace('"{slug}-thing"', same).replace("[a-z0-9-]+", "[A-Za-z0-9-]+")
    clash = bundles.target(tmp_path / "config", text, "zzz")
    with pytest.raises(ConfigError) as caught:
        build(wanted, tmp_path, sources=[*wanted.sources, clash])
    assert str(caught.value) == f"recipe zzz: '{same}-20261124.tar.gz' is a file of thing already"
    assert not (tmp_path / "dist").exists()


def test_a_target_that_fails_leaves_the_release_before(wanted: BuildRequest, tmp_path: Path) -> None:
    """Targets that did work are not written either."""
    build(wanted, tmp_path)
    before = state(tmp_path)
    broken = bundles.target(tmp_path / "config", RECIPE.replace("container: tar", "container: zip"), "zzz")
    with pytest.raises(ConfigError):
        build(wanted, tmp_path, sources=[*wanted.sources, broken], bundle=OTHER)
    assert state(tmp_path) == before


def test_a_later_output_knows_the_earlier_ones(tmp_path: Path) -> None:
    """Its templates see their file names and digests, as a formula needs."""
    formula = """\
  - id: formula
    container: file
    filename: "{name}-{version}.rb"
    files:
      - path: x.rb
        template: x.j2
install: |"""
    text = RECIPE.replace("install:", formula.replace("install: |", "install:"))
    template = "{{ filenames.thing|token }} {{ digests.thing|token }}"
    wanted = BuildRequest(
        organisation=bundles.organisation(),
        bundle=ONE,
        sources=[bundles.target(tmp_path / "config", text, x_j2=template)],
        today=TODAY,
    )
    manifest = pipeline.build(wanted, tmp_path / "dist")
    archive, written = (tmp_path / "dist" / entry.file for entry in manifest.artifacts)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert written.read_text() == f"acme-thing-20261124.tar.gz {digest}"
    assert [entry.install for entry in manifest.artifacts] == ["tar xf acme-thing-20261124.rb"] * 2


def test_progress_hears_each_target_once(wanted: BuildRequest, tmp_path: Path) -> None:
    """For a first and a counted release."""
    for bundle in (ONE, OTHER):
        heard: list[str] = []
        changed = msgspec.structs.replace(wanted, bundle=bundle)
        pipeline.build(changed, tmp_path / "dist", progress=heard.append)
        assert sorted(heard) == ["other", "thing"]

"""A published site as its clients find it: due, damaged, gone back, or not the one that it was."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.errors import SignatureError, SiteError
from builder.prove.authority import create
from builder.repositories import publish, watch, watched
from builder.repositories.records import SeenSite
from builder.repositories.stores import FolderStore
from builder.signing import site_verifier
from tests import releases, site_keys
from tests.unit.repositories.test_publish import order

if TYPE_CHECKING:
    from pathlib import Path

    from builder.repositories.watch import SiteHealth

NOW = 1_796_000_000
DAY = 86_400
WITHIN = dt.timedelta(days=21)
SEEN = SeenSite("acme", counter=2, time=NOW + DAY)
INRELEASE = "deb/dists/stable/InRelease"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish a release, and sign it once more a day later; the first publication is kept as `first`."""
    folder = tmp_path_factory.mktemp("published")
    releases.build(
        folder, "acme", [create("Acme", now=dt.datetime.now(dt.UTC))], target="deb", release="2026.1"
    )
    publish.build(replace(order(folder), keys=site_keys.keyring()), [folder / "dist"])
    shutil.copytree(folder / "site", folder / "first")
    publish.refresh(replace(order(folder, now=NOW + DAY), keys=site_keys.keyring()))
    return folder


@pytest.fixture
def site(tmp_path: Path, published: Path) -> Path:
    """Return a copy of the second publication."""
    return shutil.copytree(published / "site", tmp_path / "site")


def look(site: Path, *, day: float = 1, seen: SeenSite | None = None, keys: int | None = 1) -> SiteHealth:
    """Look at a site some days after its first publication."""
    opener = site_verifier.of_keyring(site_keys.keyring(keys)) if keys else None
    now = dt.datetime.fromtimestamp(NOW + day * DAY, dt.UTC)
    return watch.look(FolderStore(site), opener, now=now, within=WITHIN, seen=seen)


def test_a_site_is_due_twenty_one_days_before_its_signatures_end(site: Path) -> None:
    """They end sixty days after they were made; and once they have ended, it stays so."""
    assert [(59, False), (21, True), (0, True), (-1, True)] == [
        (found.days, found.due) for found in (look(site, day=1 + day) for day in (0.5, 39, 60, 60.5))
    ]


def test_a_site_that_is_whole_has_no_problems(site: Path) -> None:
    """Its number, times and release are the status's."""
    found = look(site)
    assert () == found.problems
    assert (2, "2026.1", NOW + DAY) == (found.status.counter, found.status.release, found.status.time)


def test_an_index_of_an_older_publication_is_told(site: Path, published: Path) -> None:
    """As a cache that keeps it for too long serves it."""
    shutil.copy(published / "first" / INRELEASE, site / INRELEASE)
    (problem,) = look(site).problems
    assert (INRELEASE, True) == (problem.path, "is not of publication 2" in problem.problem)


def test_an_index_that_is_longer_or_missing_is_told(site: Path) -> None:
    """No more is read of it than the list says."""
    (site / INRELEASE).write_bytes((site / INRELEASE).read_bytes() + b"\n")
    (site / "deb/dists/stable/Release").unlink()
    assert [INRELEASE, "deb/dists/stable/Release"] == [one.path for one in look(site).problems]


def test_a_list_of_another_publication_is_told(site: Path, published: Path) -> None:
    """Without it, nothing else can be judged."""
    (listed,) = {path.name for path in (published / "first/trustpack").glob("files-*")}
    (present,) = {path.name for path in site.glob("trustpack/files-*")} - {listed}
    shutil.copy(site / "trustpack" / listed, site / "trustpack" / present)
    assert [f"trustpack/{present}"] == [one.path for one in look(site).problems]
    (site / "trustpack" / present).unlink()
    assert ["is missing, or a cache has an older answer"] == [one.problem for one in look(site).problems]


def test_an_older_site_than_was_seen_is_an_error(site: Path, published: Path) -> None:
    """Freezing shows by the signatures' end, going back by the number."""
    seen = SEEN
    assert 2 == look(site, seen=seen).status.counter
    with pytest.raises(SiteError, match="is publication 1, and 2 was seen before"):
        look(published / "first", seen=seen)


def test_two_publications_of_one_number_are_an_error(site: Path) -> None:
    """Two machines have published, or somebody has the keys."""
    seen = replace(SEEN, time=NOW)
    with pytest.raises(SiteError, match="publication 2 does not follow the publication 2"):
        look(site, seen=seen)


def test_a_site_that_does_not_follow_what_was_seen_is_an_error(site: Path, published: Path) -> None:
    """The organisation's keys sign its other sites, too; a publication names those that it follows."""
    first = look(published / "first").status
    seen = SeenSite("acme", counter=1, time=first.time, mark=first.mark)
    assert 2 == look(site, seen=seen).status.counter
    with pytest.raises(SiteError, match="publication 2 does not follow the publication 1 that was seen"):
        look(site, seen=replace(seen, mark="0" * 16))


def test_another_organisations_site_is_an_error(site: Path) -> None:
    """What is remembered is of one site."""
    seen = replace(SEEN, organisation="beta")
    with pytest.raises(SiteError, match="site of acme, and was beta's"):
        look(site, seen=seen)


def test_a_site_of_another_key_or_of_none_is_an_error(site: Path) -> None:
    """Nothing of it is believed."""
    with pytest.raises(SignatureError, match="none of the keys"):
        look(site, keys=5)
    with pytest.raises(SiteError, match="no key to verify it"):
        look(site, keys=None)


def test_a_site_from_the_future_is_told(site: Path) -> None:
    """Package managers refuse it until then; minutes are the clocks' own."""
    assert "seconds from now" in look(site, day=0.9).problems[0].problem
    assert () == look(site, day=1 - 200 / DAY).problems


def test_a_place_without_a_site_is_an_error(tmp_path: Path) -> None:
    """It says which file was looked for."""
    with pytest.raises(SiteError, match="trustpack/status: is not there"):
        look(tmp_path)


def test_people_read_what_is_due_and_what_has_ended(site: Path) -> None:
    """In days, and what to do."""
    said = watched.as_text(look(site, day=50), within=WITHIN)
    assert "sign it again: it is valid until 2027-01-30, for 11 days; due 21 days before\n" in said
    assert "apt-get update fails on every host" in watched.as_text(look(site, day=70), within=WITHIN)


def test_monitors_and_calendars_get_the_moment(site: Path) -> None:
    """An alert computes the days by itself; an event moves when the site is signed again."""
    found, now = look(site), dt.datetime.fromtimestamp(NOW + DAY, dt.UTC)
    labels = f'organisation="acme",site="{site}"'
    metrics = watched.as_prometheus(found, now=now, within=WITHIN)
    assert f"trustpack_site_expires_timestamp_seconds{{{labels}}} {found.status.expires}\n" in metrics
    assert f"trustpack_site_publication{{{labels}}} 2\n" in metrics
    events = watched.as_ics(found, now=now, within=WITHIN)
    end = dt.datetime.fromtimestamp(found.status.expires, dt.UTC)
    assert f"DTSTART:{end:%Y%m%dT%H%M%SZ}\r\n" in events
    assert "TRIGGER:-P21D\r\n" in events

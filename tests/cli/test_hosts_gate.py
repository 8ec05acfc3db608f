"""`lock` asks a report on hosts before a CA is used, and before the one that it succeeds is taken out."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from builder.prove import authority
from tests.host_documents import document, row, text

if TYPE_CHECKING:
    from tests.cli.conftest import Ran, World

TODAY = "2026-12-01T12:00:00Z"
MADE = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
HOSTS = 40
THRESHOLD = "  hosts: {at_least: 90%, max_age: 3d}\n"


def _config(
    world: World, states: dict[str, str], more: str = THRESHOLD, paths: str = "roots.pem, another.pem"
) -> None:
    """Write the configuration: each CA's line by its fingerprint."""
    lines = "".join(f"    {key}: {{{line}}}\n" for key, line in states.items())
    listed = f"  authorities:\n{lines}" if lines else ""
    world.write(
        "trustpack.yaml",
        "organisation: {slug: acme}\n"
        f"bundle: {{paths: [{paths}]}}\n"
        f"lifecycle:\n  overlap: 0d\n{more}{listed}"
        "targets: [pem]\n",
    )


@pytest.fixture
def cas(world: World) -> tuple[str, str]:
    """Return the old and the new CA's fingerprints; the lock has the new one as incoming."""
    made = {name: authority.create(name, now=MADE) for name in ("Acme Root", "Acme Root 2")}
    for name, one in zip(("roots.pem", "another.pem"), made.values(), strict=True):
        (world.folder / name).write_bytes(one.pem)
    old, new = (x509.load_pem_x509_certificate(one.pem).fingerprint(SHA256()).hex() for one in made.values())
    _config(world, {}, paths="roots.pem")
    assert world.run("lock", "--now", "2026-11-01").code == 0
    _config(world, {new: "state: incoming"})
    assert world.run("lock", "--now", "2026-11-02").code == 0
    return old, new


def _report(world: World, cas: tuple[str, str], lacking: int, *, time: str = "2026-12-01T08:00:00Z") -> Ran:
    """Make a report on hosts, some of which lack the new CA."""
    old, new = cas
    authorities = [{"sha256": key, "subject": "CN=x", "state": "active"} for key in cas]
    found: list[dict[str, Any]] = [
        document(
            f"web-{at}",
            row({old: "valid", new: "missing" if at < lacking else "valid"}),
            authorities=authorities,
            time=time,
        )
        for at in range(HOSTS)
    ]
    world.write("hosts.jsonl", text(*found))
    done = world.run("doctor", "report", "hosts.jsonl", "--json", "--now", TODAY)
    world.write("hosts.json", done.out)
    return done


def _lock(world: World, *options: str) -> Ran:
    return world.run("lock", "--now", TODAY, *options)


def test_a_new_root_is_used_once_enough_hosts_have_it(world: World, cas: tuple[str, str]) -> None:
    """90 % of 40 are 36; plan says it first, and lock writes nothing before."""
    _, new = cas
    _config(world, {new: "state: active"})
    before = (world.folder / "trustpack.lock").read_bytes()
    assert _report(world, cas, 5).code == 1
    plan = world.run("plan", "--now", TODAY, "--hosts", "hosts.json")
    assert plan.code == 1
    assert f"hosts: CN=Acme Root 2 ({new}) is on 87.5 % of 40 hosts; 5 lack it\n" in plan.out
    assert "becomes active, and it is on 87.5 % of 40 hosts" in plan.out
    refused = _lock(world, "--hosts", "hosts.json")
    assert (refused.code, refused.out) == (16, "")
    assert "trustpack.yaml:5: lifecycle.hosts.at_least: CN=Acme Root 2" in refused.err
    assert "5 lack it, of which 90% must have it" in refused.err
    assert before == (world.folder / "trustpack.lock").read_bytes()
    _report(world, cas, 4)
    assert world.run("plan", "--now", TODAY, "--hosts", "hosts.json").code == 0
    done = _lock(world, "--hosts", "hosts.json")
    assert (done.code, "hosts.json: was made without --inventory" in done.err) == (0, True)
    assert "overridden" not in (world.folder / "trustpack.lock").read_text()
    assert world.run("lock", "--check", "--now", TODAY).code == 0


@pytest.mark.parametrize("option", ["", "--dry-run"])
def test_without_a_report_it_is_refused_with_the_way_out(
    world: World, cas: tuple[str, str], option: str
) -> None:
    """And plan says so."""
    _config(world, {cas[1]: "state: active"})
    refused = _lock(world, *option.split())
    assert refused.code == 16
    assert "no report says how many hosts have it" in refused.err
    assert "trustpack doctor report … --json > hosts.json" in refused.err
    assert "what cannot wait goes into lifecycle.hosts.overrides" in refused.err
    assert "no report says how many hosts have it" in world.run("plan", "--now", TODAY).out


def test_what_hosts_said_too_long_ago_does_not_count(world: World, cas: tuple[str, str]) -> None:
    """The report took a week for fresh; the threshold's configuration says three days."""
    _config(world, {cas[1]: "state: active"})
    assert _report(world, cas, 0, time="2026-11-27T12:00:00Z").code == 0
    refused = _lock(world, "--hosts", "hosts.json")
    assert "is on 0 % of 40 hosts; 40 lack it" in refused.err


@pytest.mark.parametrize("way", ["removed", "distrusted"])
def test_the_old_root_goes_once_its_successor_is_there(world: World, cas: tuple[str, str], way: str) -> None:
    """By removal or by distrust; the successor is named in the error."""
    old, new = cas
    _config(world, {old: f"state: retiring, successor: {new}", new: "state: active"})
    _report(world, cas, 0)
    assert _lock(world, "--hosts", "hosts.json").code == 0
    state = "distrusted" if way == "distrusted" else "retiring"
    paths = "roots.pem, another.pem" if way == "distrusted" else "another.pem"
    _config(world, {old: f"state: {state}, successor: {new}"}, paths=paths)
    _report(world, cas, 5)
    refused = _lock(world, "--hosts", "hosts.json")
    assert refused.code == 16
    assert f"is {way}, and its successor is CN=Acme Root 2 ({new}), and that is on 87.5 %" in refused.err
    _report(world, cas, 1)
    assert _lock(world, "--hosts", "hosts.json").code == 0


def test_an_emergency_leaves_a_trace(world: World, cas: tuple[str, str]) -> None:
    """An override has a reason and a day; the lock keeps what was done, and goes on keeping it."""
    _, new = cas
    override = f"fingerprint: {new}, reason: 'INC-7: the key is stolen', until: "
    _config(
        world, {new: "state: active"}, THRESHOLD.replace("3d", f"3d, overrides: [{{{override}2026-11-30}}]")
    )
    ended = _lock(world)
    assert (ended.code, "its override in lifecycle.hosts.overrides held until 2026-11-30" in ended.err) == (
        16,
        True,
    )
    _config(
        world, {new: "state: active"}, THRESHOLD.replace("3d", f"3d, overrides: [{{{override}2026-12-01}}]")
    )
    assert "it is overridden" in world.run("plan", "--now", TODAY).out
    done = _lock(world, "--json")
    assert done.code == 0
    (step,) = json.loads(done.out)["overridden"]
    assert (step["step"], step["reason"], step["date"]) == (
        "active",
        "INC-7: the key is stolen",
        "2026-12-01",
    )
    assert "overridden: INC-7: the key is stolen" in done.err
    written = (world.folder / "trustpack.lock").read_text()
    assert 'reason: "INC-7: the key is stolen"' in written
    assert world.run("lock", "--check", "--now", TODAY).code == 0
    assert _lock(world, "--bump").code == 0
    assert 'reason: "INC-7: the key is stolen"' in (world.folder / "trustpack.lock").read_text()


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        ("  hosts: {at_least: 101%}\n", 5, "at_least"),
        ("  hosts: {at_least: many}\n", 5, "at_least"),
        ("  hosts: {at_least: 90%, max_age: 1w}\n", 5, "max_age"),
        ("  hosts:\n    max_age: 1d\n", 5, "at_least"),
    ],
    ids=["too much", "no number", "no days", "no threshold"],
)
def test_a_threshold_that_is_none_is_told_with_its_line(
    world: World, more: str, line: int, said: str
) -> None:
    """As everything in the configuration is."""
    _config(world, {}, more, paths="roots.pem")
    done = world.run("lock")
    assert (done.code, said in done.err) == (3, True)
    assert f"trustpack.yaml:{line}: " in done.err


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1}', "[" * 100_000, "\x00"])
def test_a_report_that_is_none_is_told(world: World, cas: tuple[str, str], content: str) -> None:
    """With its file and what it should be."""
    _config(world, {cas[1]: "state: active"})
    world.write("hosts.json", content)
    done = _lock(world, "--hosts", "hosts.json")
    assert (done.code, done.err.startswith("error: hosts.json: is no report on hosts")) == (16, True)


@pytest.mark.parametrize("time", ["2026-12-01", "2026-12-01T08:00:00", "yesterday"])
def test_a_report_with_times_of_no_zone_is_none(world: World, cas: tuple[str, str], time: str) -> None:
    """Somebody has edited it: nobody can tell how old it is."""
    _config(world, {cas[1]: "state: active"})
    _report(world, cas, 0)
    content = (world.folder / "hosts.json").read_text()
    world.write("hosts.json", content.replace("2026-12-01T08:00:00Z", time))
    done = _lock(world, "--hosts", "hosts.json")
    assert (done.code, done.err.startswith("error: hosts.json: is no report on hosts")) == (16, True)


def test_another_organisations_hosts_say_nothing_here(world: World, cas: tuple[str, str]) -> None:
    """Their root of the same name is another."""
    _config(world, {cas[1]: "state: active"})
    world.write("o.json", text(document("web-1", organisation="other", time="2026-12-01T08:00:00Z")))
    report = world.run("doctor", "report", "o.json", "--json", "--now", TODAY)
    world.write("hosts.json", report.out)
    done = _lock(world, "--hosts", "hosts.json")
    assert (done.code, "is about hosts of other, and this is acme" in done.err) == (16, True)

"""`trustpack lock`, `plan`, `diff` and `check`, as people and CI jobs call them."""

import datetime as dt
import hashlib
import json
import ssl
import zipfile

import pytest

from builder.prove import authority
from tests.cli.conftest import World
from tests.lint.faults.stores import jks, jks_entry

# By the real clock, as the CAs begin by it.
_TODAY = dt.datetime.now(dt.UTC)
_THEN = _TODAY + dt.timedelta(days=69)
NOW, LATER = f"{_TODAY:%Y-%m-%dT%H:%M:%SZ}", f"{_THEN:%Y-%m-%dT%H:%M:%SZ}"
# The releases that these days name.
FIRST, SECOND = f"{_TODAY:%Y%m%d}", f"{_THEN:%Y%m%d}"


def fingerprint(pem: bytes) -> str:
    """Return a certificate's SHA-256."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))).hexdigest()


@pytest.fixture
def configured(world: World, another: bytes) -> World:
    """Return a folder with a configuration of one CA, and a second CA's file that it does not name."""
    (world.folder / "more.pem").write_bytes(another)
    configure(world)
    return world


def configure(world: World, *more: str, paths: str = "roots.pem") -> None:
    """Write trustpack.yaml for some bundle files, with more lines."""
    head = f"organisation: {{slug: acme}}\nbundle: {{paths: [{paths}]}}\ntargets: [pem]\n"
    world.write("trustpack.yaml", head + "".join(f"{line}\n" for line in more))


def digests(world: World) -> dict[str, str]:
    """Return the digest of each file in dist/."""
    return {
        name: hashlib.sha256((world.folder / "dist" / name).read_bytes()).hexdigest()
        for name in world.files()
    }


def test_unchanged_content_gives_the_same_bytes_on_a_later_day(configured: World) -> None:
    """The version is the lock's, into an empty folder too."""
    assert configured.run("lock", "--now", NOW).code == 0
    assert configured.run("build", "--now", NOW).code == 0
    before = digests(configured)
    assert f"acme-ca-certs-{FIRST}.pem" in before
    done = configured.run("build", "--now", LATER, "--out", "later")
    assert (done.code, configured.files("later")) == (0, configured.files())
    assert configured.run("build", "--now", LATER).code == 0
    assert digests(configured) == before


def test_the_dates_of_a_release_follow_the_epoch(configured: World) -> None:
    """SOURCE_DATE_EPOCH names the day of a lock's release, as it does a build's."""
    done = configured.run("lock", "--now", NOW, env={"SOURCE_DATE_EPOCH": "1700000000"})
    assert done.out.splitlines()[-1] == "trustpack.lock: release 20231114"


def test_a_build_refuses_what_is_not_locked(configured: World) -> None:
    """It names the CA, says what to do, and writes nothing; locked, it is built under a new version."""
    configured.run("lock", "--now", NOW)
    configure(configured, paths="roots.pem, more.pem")
    done = configured.run("build", "--now", NOW)
    assert (done.code, configured.files()) == (11, [])
    assert "+ CN=Acme Root 2 (" in done.err
    assert "trustpack lock" in done.err
    assert configured.run("lock", "--now", LATER).code == 0
    assert configured.run("build", "--now", LATER).code == 0
    assert f"acme-ca-certs-{SECOND}.pem" in configured.files()


def test_a_build_without_a_configuration_has_no_lock(configured: World) -> None:
    """--org is for trying things out."""
    configured.run("lock", "--now", NOW)
    assert configured.run("build", "more.pem", "--org", "acme", "--target", "pem").code == 0


def test_ci_checks_the_lock_without_writing_it(configured: World) -> None:
    """No lock and an old lock make --check fail; --dry-run only shows; an up-to-date lock is fine."""
    assert configured.run("lock", "--check").code == 1
    first = configured.run("lock", "--dry-run", "--now", NOW)
    assert (first.code, first.out.splitlines()[-1]) == (
        0,
        f"trustpack.lock: release {FIRST}; nothing was written",
    )
    assert "trustpack.lock" not in configured.files(".")
    configured.run("lock")
    text = (configured.folder / "trustpack.lock").read_text()
    assert configured.run("lock", "--check").code == 0
    configure(configured, paths="more.pem")
    shown = configured.run("lock", "--check")
    assert (shown.code, [line[:19] for line in shown.out.splitlines()[:2]]) == (
        1,
        ["+ CN=Acme Root 2 (" + shown.out[18], "- CN=Acme Root (" + shown.out.splitlines()[1][16:19]],
    )
    assert configured.run("lock", "--dry-run").out == shown.out
    assert (configured.folder / "trustpack.lock").read_text() == text


def test_a_configured_release_is_kept_to(configured: World) -> None:
    """It is refused where it is out with other content already, and a build cannot have another one."""
    configure(configured, "release: 2026.10")
    configured.run("lock")
    assert configured.run("build").code == 0
    assert "acme-ca-certs-2026.10.pem" in configured.files()
    assert configured.run("build", "--release", "2026.11").code == 11
    configure(configured, "release: 2026.10", paths="more.pem")
    done = configured.run("lock")
    assert (done.code, done.err.splitlines()[0]) == (
        6,
        "error: release 2026.10: names other content already",
    )


@pytest.mark.parametrize("command", ["build", "lock", "plan"])
def test_a_configured_release_of_three_numbers_is_refused(configured: World, command: str) -> None:
    """File and line are named; the lock's own option is refused alike."""
    configure(configured, "release: 2026.10.1")
    done = configured.run(command)
    assert (done.code, done.err.splitlines()) == (
        6,
        [
            "error: trustpack.yaml:4: release '2026.10.1': has three numbers, and a release has one or two",
            "hint: write it like 20261124 or 20261124.1, or count on: 2026.11",
        ],
    )
    configure(configured)
    assert configured.run("lock", "--release", "2026.10.1").code == 6
    assert "trustpack.lock" not in configured.files(".")


def test_a_locked_release_of_three_numbers_is_built_with_the_versions_that_it_had(configured: World) -> None:
    """The next one is below them for libraries, which the lock tells into an empty folder, too."""
    world = configured
    text = (world.folder / "trustpack.yaml").read_text()
    world.write("trustpack.yaml", text.replace("[pem]", "[npm, pem]"))
    world.run("lock", "--release", "2026.10")
    lock = (world.folder / "trustpack.lock").read_text()
    world.write("trustpack.lock", lock.replace('"2026.10"', '"2026.10.1"'))
    assert world.run("build").code == 0
    before = world.files()
    assert before == ["SHA256SUMS", "acme-ca-2026.10.1.tgz", "acme-ca-certs-2026.10.1.pem", "manifest.json"]
    assert world.run("lock", "--bump", "--release", "2026.11").code == 0
    done = world.run("build")
    assert (done.code, done.err.splitlines()[-2]) == (
        6,
        "error: recipe npm: acme-ca 1.2026.11 sorts below 2026.10.1, which trustpack.lock has released",
    )
    assert world.files() == before
    assert world.run("build", "--out", "other").code == 6
    assert world.run("build", "--target", "pem", "--out", "other").code == 0
    world.write("trustpack.lock", (world.folder / "trustpack.lock").read_text().replace("10.1", "10"))
    assert world.run("build", "--out", "other").code == 0
    assert "acme-ca-1.2026.11.tgz" in world.files("other")


def test_other_texts_need_a_bump(configured: World) -> None:
    """One version never names two files; --bump makes the next one."""
    configure(configured, "settings: {}")
    world = configured
    text = (world.folder / "trustpack.yaml").read_text().replace("[pem]", "[npm]")
    world.write("trustpack.yaml", text)
    world.run("lock", "--now", NOW)
    assert world.run("build", "--now", NOW).code == 0
    world.write("trustpack.yaml", text.replace("slug: acme", "slug: acme, summary: Other words"))
    done = world.run("build", "--now", NOW)
    assert (done.code, "trustpack lock --bump" in done.err) == (11, True)
    assert world.run("lock", "--bump", "--now", NOW).code == 0
    assert world.run("build", "--now", NOW).code == 0
    assert f"acme-ca-1.{FIRST}.1.tgz" in world.files()


def test_anothers_lock_is_refused(configured: World) -> None:
    """A copied folder does not continue somebody else's history."""
    configured.run("lock")
    file = configured.folder / "trustpack.lock"
    configured.write("trustpack.lock", file.read_text().replace('"acme"', '"umbrella"'))
    assert configured.run("build").code == 11


def test_a_distrusted_ca_is_not_shipped(configured: World, another: bytes) -> None:
    """Even one that lint would refuse: that may be why. With no other CA there is nothing to ship."""
    now = dt.datetime.now(dt.UTC)
    expired = authority.create("Acme Old", now=now - dt.timedelta(days=100), days=50).pem
    (configured.folder / "old.pem").write_bytes(expired)
    lines = [f"    {fingerprint(pem)}: {{state: distrusted}}" for pem in (expired, another)]
    configure(configured, "lifecycle:", "  authorities:", *lines, paths="roots.pem, more.pem, old.pem")
    assert configured.run("build").code == 0
    manifest = json.loads((configured.folder / "dist" / "manifest.json").read_text())
    assert [item["subject"] for item in manifest["certificates"]] == ["CN=Acme Root"]
    assert [item["subject"] for item in manifest["distrusted"]] == ["CN=Acme Old", "CN=Acme Root 2"]
    assert configured.run("plan").out.splitlines()[0].endswith(" (nothing changes)")
    configure(configured, "lifecycle:", "  authorities:", *lines, paths="more.pem, old.pem")
    done = configured.run("build")
    assert (done.code, "nothing to ship" in done.err) == (3, True)


@pytest.mark.parametrize("command", ["build", "lint", "lock", "plan"])
def test_a_distrusted_key_cannot_be_shipped_in_another_certificate(world: World, command: str) -> None:
    """Packages would contradict each other: p11-kit blocks the key, other stores go on trusting it."""
    now = dt.datetime.now(dt.UTC)
    old = authority.create("Acme Old", now=now)
    renewed = authority.create("Acme Renewed", now=now, key=old.key)
    (world.folder / "keys.pem").write_bytes(old.pem + renewed.pem)
    lines = ["lifecycle:", "  authorities:", f"    {fingerprint(old.pem)}: {{state: distrusted}}"]
    configure(world, *lines, paths="roots.pem, keys.pem")
    done = world.run(command)
    assert (done.code, world.files()) == (4, [])
    assert "Acme Renewed: has the key of keys.pem:1, which is distrusted" in done.out + done.err
    both = [*lines, f"    {fingerprint(renewed.pem)}: {{state: distrusted}}"]
    configure(world, *both, paths="roots.pem, keys.pem")
    assert world.run(command).code in {0, 1}


def test_a_successor_that_the_policy_leaves_out_succeeds_nobody(configured: World, roots: bytes) -> None:
    """It is in the bundle's files, and yet not shipped."""
    now = dt.datetime.now(dt.UTC)
    expired = authority.create("Acme Old", now=now - dt.timedelta(days=100), days=50).pem
    (configured.folder / "old.pem").write_bytes(expired)
    configured.write(
        "trustpack.yaml",
        "organisation: {slug: acme}\nbundle: {paths: [roots.pem, old.pem], expired: drop}\nlifecycle:\n"
        f"  authorities: {{{fingerprint(roots)}: {{state: retiring, successor: {fingerprint(expired)}}}}}\n",
    )
    done = configured.run("plan")
    assert (done.code, f"the successor {fingerprint(expired)} is not shipped" in done.err) == (3, True)


def test_diff_tells_what_changed_between_any_two_things(configured: World) -> None:
    """Bundles, locks, manifests, folders and packages of every target agree about one release."""
    world = configured
    world.write("trustpack.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n")
    world.run("lock", "--now", NOW)
    assert world.run("build", "--now", NOW).code == 0
    packages = [name for name in world.files() if not name.endswith((".rb", "SUMS", ".json"))]
    things = ["roots.pem", "trustpack.lock", "dist", "dist/manifest.json", *(f"dist/{p}" for p in packages)]
    assert len(things) == 13
    for thing in things:
        same = world.run("diff", "roots.pem", thing)
        assert (same.code, same.err) == (0, ""), thing
        done = world.run("diff", "--json", thing, "more.pem")
        found = json.loads(done.out)["certificates"]
        subjects = {key: [item["subject"] for item in items] for key, items in found.items() if items}
        assert (done.code, subjects) == (
            1,
            {"added": ["CN=Acme Root 2"], "removed": ["CN=Acme Root"]},
        ), thing


def test_diff_of_two_packages_names_their_files(configured: World) -> None:
    """What a release changes inside a package, beside its certificates."""
    world = configured
    configure(world, paths="roots.pem")
    assert world.run("build", "--target", "deb", "--now", NOW).code == 0
    configure(world, paths="roots.pem, more.pem")
    assert world.run("build", "--target", "deb", "--now", LATER, "--out", "new").code == 0
    old, new = f"dist/acme-ca-certs_{FIRST}_all.deb", f"new/acme-ca-certs_{SECOND}_all.deb"
    done = world.run("diff", old, new)
    assert done.code == 1
    assert "+ CN=Acme Root 2 (" in done.out
    assert "\n+ file /usr/share/ca-certificates/acme/acme-acme-root-2-" in done.out
    assert "\n~ file /usr/share/acme-ca-certs/roots.pem\n" in done.out
    assert "\n~ field Version\n" in done.out
    assert "script" not in done.out
    assert world.run("diff", old, old).code == 0


@pytest.mark.parametrize("thing", ["nothing", "empty.txt", "broken.json", "broken.lock", "broken.deb"])
def test_diff_of_something_unreadable_is_an_error(configured: World, thing: str) -> None:
    """Not a difference: CI must tell the two apart."""
    for name, text in {
        "empty.txt": "",
        "broken.json": '{"artifacts": 1}',
        "broken.lock": "history:\n  - 1\n",
        "broken.deb": "!<arch>\ndebian-binary   ",
    }.items():
        configured.write(name, text)
    done = configured.run("diff", "roots.pem", thing)
    assert (done.code >= 2, done.err[:7], "Traceback" in done.err) == (True, "error: ", False)


def test_check_tells_cron_what_expires(configured: World) -> None:
    """By exit code and text: the configured bundle, judged now, even what a build would refuse."""
    old = authority.create("Acme Old", now=dt.datetime.now(dt.UTC) - dt.timedelta(days=100), days=50).pem
    soon = authority.create("Acme Soon", now=dt.datetime.now(dt.UTC), days=60).pem
    (configured.folder / "old.pem").write_bytes(old)
    (configured.folder / "soon.pem").write_bytes(soon)
    assert configured.run("check").code == 0
    configure(configured, paths="roots.pem, soon.pem, old.pem")
    done = configured.run("check")
    assert (done.code, [line.split(" (")[0] for line in done.out.splitlines()[:-1]], done.err) == (
        1,
        ["CN=Acme Old", "CN=Acme Soon"],
        "",
    )
    assert configured.run("check", "--within", "30d", "soon.pem").code == 0
    assert configured.run("check", "--within", "61", "soon.pem").code == 1
    lines = ("lifecycle:", "  authorities:", f"    {fingerprint(old)}: {{state: distrusted}}")
    configure(configured, *lines, paths="roots.pem, old.pem")
    assert configured.run("check").code == 0


@pytest.mark.parametrize("epoch", ["", "946684800"])
def test_check_goes_by_the_real_clock(configured: World, epoch: str) -> None:
    """SOURCE_DATE_EPOCH is for builds."""
    old = authority.create("Acme Old", now=dt.datetime.now(dt.UTC) - dt.timedelta(days=100), days=50).pem
    (configured.folder / "old.pem").write_bytes(old)
    assert configured.run("check", "old.pem", env={"SOURCE_DATE_EPOCH": epoch}).code == 1


def test_check_reads_releases_packages_and_locks(configured: World) -> None:
    """Whatever `diff` reads."""
    configured.run("lock", "--now", NOW)
    assert configured.run("build", "--target", "deb", "--target", "rpm", "--now", NOW).code == 0
    at_the_end = f"{_TODAY + dt.timedelta(days=3000):%Y-%m-%d}"
    for thing in ("dist", "trustpack.lock", f"dist/acme-ca-certs_{FIRST}_all.deb", "roots.pem"):
        assert configured.run("check", thing).code == 0
        done = configured.run("check", "--json", thing, "--now", at_the_end, "--within", "9999d")
        assert (done.code, json.loads(done.out)["due"]) == (1, 1)
    assert configured.run("check", "nothing").code == 2
    assert configured.run("check", "--within", "soon").code == 2


def test_check_writes_for_collectors_and_calendars(configured: World) -> None:
    """Whole files that others may read, in place of the old ones, and nothing beside them."""
    (configured.folder / "out").mkdir()
    metrics, calendar = configured.write("out/ca.prom", "old"), configured.folder / "out" / "ca.ics"
    done = configured.run("check", "--prometheus", "out/ca.prom", "--ics", "out/ca.ics")
    assert (done.code, configured.files("out")) == (0, ["ca.ics", "ca.prom"])
    assert metrics.stat().st_mode & 0o777 == calendar.stat().st_mode & 0o777 == 0o644
    assert metrics.read_text().startswith("# HELP trustpack_certificate_not_after_timestamp_seconds ")
    assert 'organisation="acme"' in metrics.read_text()
    assert 'state="active"' in metrics.read_text()
    assert calendar.read_bytes().startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    printed = configured.run("check", "--ics", "-")
    assert printed.out.startswith("BEGIN:VCALENDAR")
    assert "certificate" not in printed.out
    assert configured.run("check", "--prometheus", "no/such/folder.prom").code == 8
    assert configured.run("check", "--prometheus", "-", "--json").code == 2


def test_plan_shows_the_next_release_and_what_is_too_early(configured: World, another: bytes) -> None:
    """Against the lock, by the configured states, without writing anything."""
    configured.run("lock", "--now", NOW)
    before = configured.files(".")
    done = configured.run("plan", "--now", LATER)
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        f"release {FIRST}, after {FIRST} (nothing changes)",
    )
    configure(configured, paths="roots.pem, more.pem")
    done = configured.run("plan", "--now", LATER)
    assert (done.code, done.out.splitlines()[0]) == (1, f"release {SECOND}, after {FIRST}")
    assert "warning: CN=Acme Root 2 (" in done.out
    assert f"make it incoming until {_THEN + dt.timedelta(days=30):%Y-%m-%d}" in done.out
    lines = ["lifecycle:", "  authorities:", f"    {fingerprint(another)}: {{state: incoming}}"]
    configure(configured, *lines, paths="roots.pem, more.pem")
    done = configured.run("plan", "--json", "--now", LATER)
    value = json.loads(done.out)
    assert (done.code, value["warnings"], [one["subject"] for one in value["added"]]) == (
        0,
        [],
        ["CN=Acme Root 2"],
    )
    assert configured.files(".") == before


def test_plan_compares_with_the_built_release_where_there_is_no_lock(configured: World) -> None:
    """The manifest says what is out; nothing at all is the first release."""
    assert f"release {FIRST} (" not in configured.run("plan", "--now", NOW).out
    assert configured.run("build", "--now", NOW).code == 0
    configure(configured, paths="more.pem")
    done = configured.run("plan", "--now", LATER)
    assert done.out.splitlines()[0] == f"release {SECOND}, after {FIRST}"
    assert [line[:3] for line in done.out.splitlines()[1:3]] == ["+ C", "- C"]


def test_plan_says_where_distrust_has_no_place(configured: World, another: bytes) -> None:
    """For the targets that are built, and no others."""
    lines = ["lifecycle:", "  authorities:", f"    {fingerprint(another)}: {{state: distrusted}}"]
    configure(configured, *lines, paths="roots.pem, more.pem")
    done = configured.run("plan")
    assert done.out.splitlines()[-1] == "  pem  a PEM file can only trust: the CA is left out of it"
    assert "rpm" not in done.out


def test_lint_judges_the_configured_bundle_as_build_does(configured: World, another: bytes) -> None:
    """What is wrong with a distrusted CA is no concern of the bundle; named as an input, it is linted."""
    digest = fingerprint(another)
    old = "2020-01-01T00:00:00Z"
    configure(
        configured,
        f"lifecycle: {{authorities: {{{digest}: {{state: distrusted}}}}}}",
        paths="more.pem, roots.pem",
    )
    assert "2 certificates" in configured.run("lint", "roots.pem", "more.pem").out
    assert "1 certificate:" in configured.run("lint").out
    assert configured.run("lint", "--now", old).out.count("is not valid before") == 1
    assert configured.run("lint", "more.pem", "--now", old).code == 4


def test_what_is_wrong_in_the_configuration_is_named_with_its_line(configured: World, roots: bytes) -> None:
    """A release, an override: every command that reads it says where it stands."""
    configure(configured, "release: 01")
    for command in ("build", "lock", "plan"):
        done = configured.run(command)
        assert (done.code, done.err.splitlines()[0]) == (
            6,
            "error: trustpack.yaml:4: release '01': is not one or two numbers without leading zeros",
        )
    assert configured.run("build", "--release", "01").err.startswith("error: release '01': ")
    override = (
        "organisation: {slug: acme}\nbundle:\n  paths: [roots.pem]\n  overrides:\n"
        "    - {rule: RULE, fingerprint: PRINT, reason: a test, until: DAY}\n"
    ).replace("PRINT", fingerprint(roots))
    for rule, day, said in (
        ("not-yet", "2026-11-24", "not-yet: there is no such rule"),
        ("private-key", "2026-11-24", "rule private-key has no override"),
        ("expired", "2026-02-30", "until: 2026-02-30 is not a valid date"),
    ):
        configured.write("trustpack.yaml", override.replace("RULE", rule).replace("DAY", day))
        for command in ("build", "lint"):
            done = configured.run(command)
            assert (done.code, done.err.splitlines()[0]) == (
                3,
                f"error: trustpack.yaml:5: bundle.overrides: {said}",
            )
    configured.write("trustpack.yaml", override.replace("RULE", "expired").replace("DAY", "2026-01-01"))
    assert "  trustpack.yaml:5: the override of expired" in configured.run("lint").out


def test_locked_stores_are_opened_by_every_command(configured: World) -> None:
    """The password comes from a file wherever a bundle is read."""
    secret = "hunter2 é"  # noqa: S105
    configured.write("password", f"{secret}\n")
    (configured.folder / "locked.jks").write_bytes(
        jks(
            jks_entry(ssl.PEM_cert_to_DER_cert((configured.folder / "roots.pem").read_text())),
            password=secret,
        )
    )
    configure(configured, paths="locked.jks")
    for command in (
        ["lint"], ["plan"], ["lock"], ["plan"], ["build"], ["check"], ["check", "locked.jks"],
        ["diff", "locked.jks", "dist"],
    ):  # fmt: skip
        refused = configured.run(*command)
        done = configured.run(*command, "--password-file", "password")
        assert (refused.code, done.code, secret in done.out + done.err + refused.err) == (4, 0, False), (
            command
        )
    (configured.folder / "trustpack.yaml").unlink()
    init = ("init", "locked.jks", "--org", "acme", "--password-file", "password")
    assert configured.run(*init).code == 0


def test_diff_tells_of_a_file_that_it_cannot_look_into_and_check_refuses_it(world: World) -> None:
    """Nothing is known of the CAs in it: that is no difference in them, and no reason to call them valid."""
    with zipfile.ZipFile(world.folder / "one.jar", "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "x")
    for name in ("two.bin", "three.bin"):
        (world.folder / name).write_bytes(b"\0\1two")
    world.write("values.json", '{"replicas": 2}')
    world.write("values.yaml", "replicas: 2")
    for old, new, code in (
        ("one.jar", "two.bin", 1),
        ("two.bin", "three.bin", 0),
        ("one.jar", "roots.pem", 1),
        ("roots.pem", "two.bin", 1),
        ("values.json", "values.yaml", 1),
    ):
        done = world.run("diff", old, new)
        assert (done.code, done.err) == (code, "")
        assert "certificates were not compared" in done.out
    assert [world.run("check", name).code for name in ("one.jar", "two.bin", "values.json")] == [4, 4, 4]

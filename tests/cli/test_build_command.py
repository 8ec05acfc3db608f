"""`trustpack build`, as people and CI jobs call it."""

import datetime as dt
import json
import os
import re
import signal
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes

from builder.prove import authority
from tests import targets
from tests.cli.conftest import ENVIRONMENT, PROGRAM, World
from tests.tools import require

TODAY = f"{dt.datetime.now(dt.UTC):%Y%m%d}"


def test_a_bundle_and_a_name_are_enough(world: World) -> None:
    """Without a configuration every target is built, listed, explained, and the defaults are named."""
    done = world.run("build", "roots.pem", "--org", "acme")
    assert (done.code, [line for line in done.err.splitlines() if "built" not in line]) == (0, [])
    manifest = json.loads((world.folder / "dist" / "manifest.json").read_text())
    files = [artifact["file"] for artifact in manifest["artifacts"]]
    assert sorted({artifact["target"] for artifact in manifest["artifacts"]}) == targets.BY_DEFAULT
    assert world.files() == sorted([*files, "SHA256SUMS", "manifest.json"])
    for artifact in manifest["artifacts"]:
        assert re.search(
            rf"^{artifact['target']} +{re.escape(artifact['file'])} .* {artifact['sha256']}$",
            done.out,
            re.MULTILINE,
        )
        assert artifact["install"].splitlines()[0] in done.out
    assert done.out.splitlines()[-1] == (
        "Defaults used: contact Acme PKI <pki@acme.example>, homepage https://pki.acme.internal/, "
        "license Apache-2.0. 'trustpack init' writes a file in which to set them."
    )


def test_each_target_is_told_when_it_is_built(world: World) -> None:
    """Progress goes to standard error, one line each where there is no terminal."""
    done = world.run("build", "roots.pem", "--org", "acme", "--target", "pem", "--target", "npm")
    assert sorted(done.err.splitlines()) == ["built npm", "built pem"]


def test_json_is_the_manifest_and_nothing_else(world: World) -> None:
    """Standard output parses, and equals the file; what packages say by default is a note, as in text."""
    done = world.build("--json")
    assert json.loads(done.out) == json.loads((world.folder / "dist" / "manifest.json").read_text())
    note = json.loads(done.err)["message"]
    said = "Defaults used: contact Acme PKI <pki@acme.example>, homepage https://pki.acme.internal/, "
    assert (note["level"], note["text"].startswith(said)) == ("note", True)
    assert world.build("--json", "--quiet").err == ""


def test_quiet_is_silent(world: World) -> None:
    """Not a word on either stream, with a configuration beside it too; errors are still said."""
    world.write("trustpack.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n")
    done = world.build("--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    done = world.build("--quiet", "--release", "x")
    assert (done.code, done.out) == (6, "")
    assert done.err.startswith("error: release 'x'")


def test_out_names_another_folder(world: World) -> None:
    """It is made, with the folders above it."""
    assert world.build("--out", "a/b").code == 0
    assert "manifest.json" in world.files("a/b")
    assert world.files() == []


def test_the_configuration_is_read_from_its_own_folder(world: World) -> None:
    """Paths in it start there, the output where the command runs."""
    world.write(
        "conf/trustpack.yaml",
        "organisation: {slug: umbrella}\nbundle: {paths: [../roots.pem]}\ntargets: [pem]\n",
    )
    assert world.run("build", "--config", "conf/trustpack.yaml").code == 0
    assert world.files() == ["SHA256SUMS", "manifest.json", f"umbrella-ca-certs-{TODAY}.pem"]


def test_paths_replace_the_configurations(world: World, another: bytes) -> None:
    """The rest of the configuration still counts, and paths start where the command runs."""
    world.write(
        "conf/trustpack.yaml", "organisation: {slug: acme}\nbundle: {paths: [none.pem]}\ntargets: [pem]\n"
    )
    (world.folder / "other.pem").write_bytes(another)
    done = world.run("build", "--config", "conf/trustpack.yaml", "--json", "roots.pem", "other.pem")
    assert len(json.loads(done.out)["certificates"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (["build"], 3, "trustpack.yaml: there is no such file", "trustpack init"),
        (["build", "--config", "x.yaml"], 3, "x.yaml: there is no such file", "trustpack init"),
        (["build", "roots.pem"], 2, "--org: is missing, as there is no trustpack.yaml", "--org acme"),
        (
            ["build", "--org", "acme"],
            2,
            "--org: needs the bundle's files",
            "trustpack build roots.pem --org NAME",
        ),
        (
            ["build", "roots.pem", "--org", "Acme Corp"],
            3,
            "--org 'Acme Corp': is not a usable name",
            "such as 'acme'",
        ),
        (
            ["build", "roots.pem", "--org", "a", "--config", "b"],
            2,
            "--org and --config: give one of them",
            "--org builds",
        ),
        (["build", "none.pem", "--org", "acme"], 4, "none.pem: there is no such file", ""),
        (
            ["build", "roots.pem", "--org", "acme", "--target", "debb"],
            2,
            "target 'debb': there is no such recipe",
            "'deb'",
        ),
        (
            ["build", "roots.pem", "--org", "acme", "--release", "1.0-rc"],
            6,
            "release '1.0-rc': is not",
            "2026.10",
        ),
        (
            ["build", "roots.pem", "--org", "acme", "--release", "2026.10.1"],
            6,
            "release '2026.10.1': has three numbers, and a release has one or two",
            "or count on: 2026.11",
        ),
        (["build", "roots.pem", "--org", "acme", "--release", ""], 6, "release '': is not", "2026.10"),
        (
            ["build", "roots.pem", "--org", "acme", "--now", "soon"],
            2,
            "--now 'soon': is not a time",
            "2026-11-24T12",
        ),
    ],
)
def test_errors_have_their_classes_code_and_name_the_way_out(
    world: World, arguments: list[str], code: int, message: str, hint: str
) -> None:
    """One line says what is wrong and where, the next what to do; nothing is written."""
    done = world.run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err.splitlines()[0]
    assert done.err.startswith("error: ")
    assert hint in done.err
    assert "Traceback" not in done.err
    assert world.files() == []


@pytest.mark.parametrize(
    ("key", "text", "message", "hint"),
    [
        (
            "targets",
            "targets: [debb]",
            "trustpack.yaml:3: targets.debb: there is no such target",
            "did you mean 'deb'?",
        ),
        (
            "names",
            "names: {dbe: x}",
            "trustpack.yaml:3: names.dbe: there is no such target",
            "did you mean 'deb'?",
        ),
        (
            "settings",
            "settings: {whell: {a: b}}",
            "trustpack.yaml:3: settings.whell: there is no such target",
            "did you mean 'wheel'?",
        ),
        (
            "setting",
            "settings: {wheel: {activatoin: auto}}",
            "trustpack.yaml:3: settings.wheel.activatoin: there is no such setting",
            "'activation'",
        ),
        (
            "choice",
            "settings: {wheel: {activation: maybe}}",
            "trustpack.yaml:3: settings.wheel.activation: 'maybe' is not one of",
            "",
        ),
        (
            "name",
            "names: {deb: Acme_X}",
            "trustpack.yaml:3: names.deb: 'Acme_X' is not a name that deb packages can have",
            "lower-case letters, digits",
        ),
        (
            "another's name",
            "names: {deb: ca-certificates}",
            "trustpack.yaml:3: names.deb: 'ca-certificates' does not contain 'acme'",
            "keep the slug in it",
        ),
        (
            "another's module",
            "names: {wheel: certifi}",
            "trustpack.yaml:3: names.wheel: 'certifi' does not contain 'acme'",
            "would be installed in its place",
        ),
    ],
)
def test_a_configuration_that_names_what_is_not_there_is_refused(
    world: World, key: str, text: str, message: str, hint: str
) -> None:
    """A typing error in the configuration is never silently without effect."""
    world.write("trustpack.yaml", f"organisation: {{slug: acme}}\nbundle: {{paths: [roots.pem]}}\n{text}\n")
    done = world.run("build")
    assert (key, done.code, world.files()) == (key, 3, [])
    assert done.err.splitlines()[-2 if hint else -1].removeprefix("error: ").startswith(message)
    assert hint in done.err


@pytest.mark.parametrize("options", [["--org", "acme"], []])
def test_an_empty_path_is_an_error_and_not_the_working_folder(world: World, options: list[str]) -> None:
    """`trustpack build "$BUNDLE"` with an unset variable must not package whatever lies around."""
    world.write("conf.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n")
    done = world.run("build", "", *(options or ["--config", "conf.yaml"]))
    assert (done.code in {2, 3}, world.files()) == (True, [])
    assert "a path is empty" in done.err


@pytest.mark.parametrize("option", ["--out", "--config"])
def test_an_option_without_its_path_is_an_error_and_not_the_working_folder(world: World, option: str) -> None:
    """Nor is the output of an unset variable."""
    given = ("--config", "conf.yaml") if option == "--out" else ()
    world.write("conf.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n")
    done = world.run("build", *given, option, "")
    assert (done.code, world.files("."), "is empty" in done.err) == (2, ["conf.yaml", "roots.pem"], True)


def test_a_private_key_stops_the_build_and_is_shown_nowhere(world: World) -> None:
    """It has an exit code of its own; not one line of it is on a stream or disk."""
    key = authority.issue(
        authority.create("x", now=dt.datetime.now(dt.UTC)), ["x"], now=dt.datetime.now(dt.UTC)
    ).key.decode()
    with (world.folder / "roots.pem").open("a") as stream:
        stream.write(key)
    done = world.build()
    assert (done.code, world.files()) == (5, [])
    for line in key.splitlines()[1:-1]:
        assert line not in done.out + done.err


def test_terminal_codes_in_an_error_are_shown_and_not_obeyed(world: World) -> None:
    """A file name with an escape sequence comes out as visible text."""
    done = world.run("build", "\x1b[31mred.pem", "--org", "acme")
    assert "\x1b" not in done.err
    assert "\\u001b[31mred.pem: " in done.err


def test_python_m_builder_is_the_same_program(world: World) -> None:
    """It has the same help and builds the same."""
    python = PROGRAM.with_name("python")
    command = [
        str(python),
        "-m",
        "builder",
        "build",
        "roots.pem",
        "--org",
        "acme",
        "--target",
        "pem",
        "--json",
    ]
    done = subprocess.run(
        command, cwd=world.folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["artifacts"][0]["file"] == f"acme-ca-certs-{TODAY}.pem"


def test_expiry_is_judged_by_the_real_clock_and_never_by_the_epoch(world: World) -> None:
    """SOURCE_DATE_EPOCH names the release and stamps files; an expired CA stays expired."""
    now = dt.datetime.now(dt.UTC)
    old = authority.create("Old Root", now=now - dt.timedelta(days=800), days=400)
    (world.folder / "roots.pem").write_bytes(old.pem)
    past = int((now - dt.timedelta(days=700)).timestamp())
    done = world.build(env={"SOURCE_DATE_EPOCH": str(past)})
    assert (done.code, world.files()) == (4, [])
    assert "expired" in done.err
    then = (now - dt.timedelta(days=700)).isoformat()
    assert world.build("--now", then).code == 0
    (world.folder / "dist").rename(world.folder / "judged")
    done = world.build("--expired", "keep", "--json", env={"SOURCE_DATE_EPOCH": str(past)})
    assert (json.loads(done.out)["epoch"], json.loads(done.out)["release"]) == (
        past,
        f"{now - dt.timedelta(days=700):%Y%m%d}",
    )


def test_many_warnings_of_one_rule_are_summed_up_but_not_what_is_overridden(world: World) -> None:
    """Three of them and a count, which does not hide other rules'; an accepted error is said each time."""
    now = dt.datetime.now(dt.UTC)
    old = [authority.create(f"Old {i}", now=now - dt.timedelta(days=50), days=40) for i in range(5)]
    long = [authority.create(f"Long {i}", now=now, days=365 * 30) for i in range(5)]
    (world.folder / "roots.pem").write_bytes(b"".join(ca.pem for ca in (*old, *long)))
    rule = f"reason: a test, until: {now + dt.timedelta(days=1):%Y-%m-%d}"
    overrides = [
        f"    - {{rule: expired, fingerprint: {ca.certificate.fingerprint(hashes.SHA256()).hex()}, {rule}}}\n"
        for ca in old
    ]
    head = "organisation: {slug: acme}\ntargets: [pem]\nbundle:\n  paths: [roots.pem]\n  overrides:\n"
    world.write("trustpack.yaml", head + "".join(overrides))
    done = world.run("build")
    lines = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert done.code == 0
    assert [
        sum(text in line for line in lines) for text in ("(overridden until ", "is valid for 30 years")
    ] == [
        5,
        3,
    ]
    assert lines[8:] == ["warning: long-lived: 2 more; 'trustpack lint' lists them all"]
    quiet = world.run("build", "--quiet").err.splitlines()
    assert quiet == [line for line in lines if "(overridden until " in line]


def test_a_bundle_of_which_nothing_is_left_is_refused(world: World) -> None:
    """Dropping every expired certificate leaves no bundle to package."""
    now = dt.datetime.now(dt.UTC)
    old = authority.create("Old Root", now=now - dt.timedelta(days=800), days=400)
    (world.folder / "roots.pem").write_bytes(old.pem)
    done = world.build("--expired", "drop")
    assert (done.code, world.files()) == (4, [])
    assert "no certificate is left" in done.err


@pytest.mark.parametrize("value", ["now", "-1", "1.5", "99999999999", "\u0661"])
def test_a_strange_epoch_is_refused(world: World, value: str) -> None:
    """SOURCE_DATE_EPOCH is a number of seconds that every format can write."""
    done = world.build(env={"SOURCE_DATE_EPOCH": value})
    assert (done.code, world.files()) == (2, [])
    assert done.err.startswith(f"error: SOURCE_DATE_EPOCH '{value}': is not a number of seconds since 1970")


def test_a_second_content_of_a_day_counts_up_and_keeps_strangers(world: World, another: bytes) -> None:
    """The new release replaces the old one's files and nobody else's."""
    assert world.build().code == 0
    world.write("dist/notes.txt", "theirs")
    with (world.folder / "roots.pem").open("ab") as stream:
        stream.write(another)
    assert world.build("--quiet").code == 0
    assert world.files() == ["SHA256SUMS", f"acme-ca-certs-{TODAY}.1.pem", "manifest.json", "notes.txt"]


def test_the_same_version_with_other_content_is_refused(world: World, another: bytes) -> None:
    """The hint says to choose a higher one, and the first release stays."""
    assert world.build("--release", "2026.10").code == 0
    before = (world.folder / "dist" / "manifest.json").read_bytes()
    (world.folder / "roots.pem").write_bytes(another)
    done = world.build("--release", "2026.10")
    assert done.code == 6
    assert "choose a higher --release" in done.err
    assert (world.folder / "dist" / "manifest.json").read_bytes() == before


def test_a_lower_release_does_not_replace_a_higher_one(world: World) -> None:
    """As after a lock was taken back: machines that have the higher one would never get it."""
    assert world.build("--release", "2026.10").code == 0
    before = world.files()
    done = world.build("--release", "2026.9")
    assert (done.code, done.err.splitlines()[0]) == (
        6,
        "error: release 2026.9: is lower than 2026.10, which dist holds",
    )
    assert world.files() == before
    assert world.build("--release", "2026.9", "--out", "other").code == 0


@pytest.mark.parametrize("out", ["cas", "cas/../cas/", "link"])
def test_the_folder_of_the_bundle_is_not_built_into(world: World, roots: bytes, out: str) -> None:
    """The next build would take the packages for parts of the bundle; a folder in it is passed over."""
    (world.folder / "cas").mkdir()
    (world.folder / "cas" / "roots.pem").write_bytes(roots)
    (world.folder / "link").symlink_to("cas")
    done = world.run("build", "cas", "--org", "acme", "--out", out)
    assert (done.code, world.files("cas")) == (2, ["roots.pem"])
    for _ in range(2):
        assert world.run("build", "cas", "--org", "acme", "--out", "cas/dist").code == 0


def test_a_file_where_the_folder_should_be_is_an_error(world: World) -> None:
    """It is left as it is."""
    world.write("dist", "theirs")
    done = world.build()
    assert (done.code, (world.folder / "dist").read_text()) == (8, "theirs")
    assert "dist/manifest.json: cannot be read: Not a directory" in done.err


def test_a_folder_that_cannot_be_written_is_an_error(world: World) -> None:
    """Without root's privilege to write anywhere, a read-only folder stays empty."""
    (world.folder / "dist").mkdir(mode=0o555)
    command = [str(PROGRAM), "build", "roots.pem", "--org", "acme", "--target", "pem"]
    if os.geteuid() == 0:
        drop = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
        command = [require("setpriv"), *drop, *command]
    done = subprocess.run(
        command, cwd=world.folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, world.files()) == (8, [])
    [error] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert re.fullmatch(r"error: dist/acme-ca-certs-[0-9]+\.pem: cannot be written: Permission denied", error)


def test_two_builds_at_once_leave_one_whole_release(world: World, another: bytes) -> None:
    """Each either succeeds or says that another was at work; what is described is there and right."""
    (world.folder / "other.pem").write_bytes(another)
    for _ in range(2):
        running = [
            subprocess.Popen(
                [PROGRAM, "build", file, "--org", "acme", "--target", "pem", "--target", "gem", "--quiet"],
                cwd=world.folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True,
            )
            for file in ("roots.pem", "other.pem")
        ]  # fmt: skip
        said = [process.communicate(timeout=60)[1] for process in running]
        codes = [process.returncode for process in running]
        assert 0 in codes
        assert all(code == 0 or "another build" in text for code, text in zip(codes, said, strict=True))
        manifest = json.loads((world.folder / "dist" / "manifest.json").read_text())
        assert world.files() == sorted(
            [*(a["file"] for a in manifest["artifacts"]), "SHA256SUMS", "manifest.json"]
        )
        check = ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"]
        assert subprocess.run(check, cwd=world.folder / "dist", check=False, env={}).returncode == 0


@pytest.mark.parametrize("after", [1, 4, 7, 8])
def test_an_interrupt_leaves_nothing_half_written(world: World, after: int) -> None:
    """Ctrl-C when some or all targets are built: nothing or a whole release, and no traceback."""
    (world.folder / "tmp").mkdir()
    process = subprocess.Popen(
        [PROGRAM, "build", "roots.pem", "--org", "acme", "--jobs", "1"],
        cwd=world.folder,
        env=ENVIRONMENT | {"TMPDIR": str(world.folder / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    for _ in range(after):
        process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode in ({0, 130} if after == 8 else {130})
    assert world.files("tmp") == []
    names = world.files()
    assert not names or ("manifest.json" in names and not any(name.startswith(".") for name in names))
    assert after == 8 or names == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(world: World, shell: str) -> None:
    """The script asks trustpack itself what may come next."""
    done = world.run(env={"_TRUSTPACK_COMPLETE": f"source_{shell}"})
    assert (done.code, "trustpack" in done.out, done.err) == (0, True, "")


def test_completion_knows_the_commands(world: World) -> None:
    """What bash asks is answered."""
    done = world.run(
        env={"_TRUSTPACK_COMPLETE": "complete_bash", "COMP_WORDS": "trustpack in", "COMP_CWORD": "1"}
    )
    assert {"init", "inspect"} >= set(done.out.split()) >= {"init"}


def test_help_and_version_answer(world: World) -> None:
    """Every command has help; the version is that of the distribution."""
    from importlib.metadata import version

    assert world.run("--version").out == f"trustpack {version('trustpack')}\n"
    for command in ([], ["build"], ["init"], ["demo"], ["schema"], ["recipes"], ["recipes", "export"]):
        done = world.run(*command, "--help")
        assert (command, done.code, done.out.startswith("Usage: ")) == (command, 0, True)


def test_a_path_that_is_no_text_is_an_error_and_no_traceback(world: World) -> None:
    """A file name in no encoding is shown as well as it can be."""
    name = os.fsencode(world.folder) + b"/\xff.pem"
    done = subprocess.run(
        [PROGRAM, "build", name, "--org", "acme"],
        env=ENVIRONMENT,
        cwd=world.folder,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (4, False)

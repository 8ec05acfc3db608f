"""`trustpack init --ci`: what it writes, where, and what it refuses; real linters read the files."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from builder import __version__, ci
from builder.prove import authority
from tests import golang
from tests.ci.projects import ENVIRONMENT, git, trustpack
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
SITE = "https://packages.acme.example"
GITHUB = [".github/workflows/trust.yml", ".github/workflows/trust-comment.yml"]
DEPENDENCIES = {
    "github": ".github/trustpack-requirements.txt",
    "gitlab": ".gitlab/trustpack-requirements.txt",
}
FILES = {
    "github": [*GITHUB, DEPENDENCIES["github"]],
    "gitlab": [".gitlab-ci.yml", DEPENDENCIES["gitlab"]],
}
NEW = ("init", "roots.pem", "--org", "acme", "--site", SITE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a bundle."""
    (tmp_path / "roots.pem").write_bytes(authority.create("Acme Root", now=dt.datetime.now(dt.UTC)).pem)
    return tmp_path


@pytest.mark.parametrize("system", FILES)
def test_both_the_configuration_and_the_jobs_are_written(folder: Path, system: str) -> None:
    """Where there is no configuration yet; the site's address comes into both."""
    done = json.loads(trustpack(folder, *NEW, "--ci", system, "--json"))
    assert ["trustpack.yaml", *FILES[system]] == done["written"]
    assert f'\nsite: "{SITE}"\n' in (folder / "trustpack.yaml").read_text()
    text = (folder / FILES[system][0]).read_text()
    assert f'  SITE: "{SITE}"\n' in text
    assert f"  TRUSTPACK: trustpack[cloud]=={__version__}\n" in text


@pytest.mark.parametrize("system", FILES)
def test_beside_a_configuration_only_the_jobs_are_written(folder: Path, system: str) -> None:
    """It stays as it is, and what the jobs watch is its bundle."""
    trustpack(folder, *NEW)
    (folder / "more [1]").mkdir()
    (folder / "more [1]/roots.pem").write_bytes((folder / "roots.pem").read_bytes())
    file = folder / "trustpack.yaml"
    text = file.read_text().replace('    - "roots.pem"\n', '    - "roots.pem"\n    - "more [1]"\n')
    file.write_text(text)
    said = trustpack(folder, "init", "--ci", system).splitlines()
    assert FILES[system] == [line.split(":")[0] for line in said]
    assert text == file.read_text()
    jobs = yaml.load((folder / FILES[system][0]).read_text(), yaml.BaseLoader)  # noqa: S506  as text: YAML takes `on` for true
    paths = jobs["on"]["push"]["paths"] if system == "github" else jobs["workflow"]["rules"][1]["changes"]
    folder_of_it = r"more \[1\]/**/*" if system == "github" else "more ?1?/**/*"
    inputs = ["trustpack.yaml", "trustpack.lock", "recipes/**/*", "templates/**/*", DEPENDENCIES[system]]
    assert ["roots.pem", folder_of_it, *inputs] == paths


def test_gitlab_finds_each_file_by_what_is_watched(folder: Path) -> None:
    """By Ruby's fnmatch as GitLab calls it; however deep it lies, and whatever characters its name has."""
    names = ['it\'s "a"', "star*", "br{a,b}", "x$y", "[z]", "!n", "back\\slash"]
    for name in names:
        (folder / name).mkdir()
        (folder / name / "roots.pem").write_bytes((folder / "roots.pem").read_bytes())
    given = [f"{name}/roots.pem" for name in names[1:]]
    trustpack(folder, "init", names[0], *given, "--org", "acme", "--site", SITE, "--ci", "gitlab")
    jobs = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())
    deep = ["templates/deb/postinst.j2", "recipes/deb.yaml", f"{names[0]}/deep/er.pem", *given]
    others = ["roots.pem", "README.md", "templates.md"]
    script = (
        "flags = File::FNM_PATHNAME | File::FNM_DOTMATCH | File::FNM_EXTGLOB\n"
        "patterns, paths = JSON.parse($stdin.read)\n"
        "puts JSON.dump(paths.select { |path| patterns.any? { |one| File.fnmatch?(one, path, flags) } })"
    )
    done = subprocess.run(
        [require("ruby"), "-rjson", "-e", script], input=json.dumps([_changes(jobs), [*deep, *others]]),
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert deep == json.loads(done.stdout)


def _changes(jobs: Mapping[str, Any]) -> list[str]:
    found: list[str] = jobs["workflow"]["rules"][1]["changes"]
    return found


@pytest.mark.parametrize("system", FILES)
def test_of_a_bundle_in_the_configurations_folder_everything_is_watched(folder: Path, system: str) -> None:
    """A pattern that began with a dot would match nothing."""
    trustpack(folder, "init", ".", "--org", "acme", "--site", SITE, "--ci", system)
    assert '["**/*", "trustpack.yaml", ' in (folder / FILES[system][0]).read_text()


@pytest.mark.parametrize("system", FILES)
@pytest.mark.parametrize(
    ("targets", "proof"), [(("deb", "gem"), "net/http"), (("deb", "rpm"), ""), (("npm",), "https")]
)
def test_jobs_prove_what_their_machines_can(system: str, targets: tuple[str, ...], proof: str) -> None:
    """Where nothing could be proven, `prove` would stop every run."""
    jobs = yaml.safe_load(ci.files(system, ci.Pipeline("acme", SITE, (), targets, "1"))[0].text)
    steps = jobs["jobs"]["build"]["steps"] if system == "github" else jobs["build"]["script"]
    lines = [step.get("run", "") if isinstance(step, dict) else step for step in steps]
    (line,) = [one for one in lines if isinstance(one, str) and " prove" in one]
    if proof and system == "github":
        assert f" --client {proof} --offline" in line
    else:
        assert "'trustpack docs prove' tells how" in subprocess.check_output(["bash", "-c", line], text=True)


@pytest.mark.parametrize("system", FILES)
def test_where_a_file_cannot_be_written_none_is(folder: Path, system: str) -> None:
    """Nor a folder; the configuration neither."""
    blocked = {"github": ".github", "gitlab": ".gitlab"}[system]
    (folder / blocked).write_text("theirs")
    assert "cannot be written" in trustpack(folder, *NEW, "--ci", system, code=8)
    assert {blocked, "roots.pem"} == {path.name for path in folder.iterdir()}
    (folder / blocked).unlink()
    (folder / blocked).mkdir()
    trustpack(folder, *NEW, "--ci", system)


@pytest.mark.parametrize("system", FILES)
def test_a_file_that_is_there_is_kept(folder: Path, system: str) -> None:
    """Nothing is written then, the configuration neither, and the way out is told."""
    file = folder / FILES[system][-1]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("theirs")
    said = trustpack(folder, *NEW, "--ci", system, code=8)
    assert f"error: {FILES[system][-1]}: is there already\nhint: move it away, run this again" in said
    assert "theirs" == file.read_text()
    assert not (folder / "trustpack.yaml").exists()


def test_a_second_configuration_is_refused_with_the_way_out(folder: Path) -> None:
    """Whoever wants the jobs alone leaves the rest out."""
    trustpack(folder, *NEW)
    said = trustpack(folder, *NEW, "--ci", "gitlab", code=8)
    assert "trustpack.yaml: is there already" in said
    assert "'trustpack init --ci gitlab' alone writes" in said
    assert not (folder / ".gitlab-ci.yml").exists()


@pytest.mark.parametrize("words", [["init"], ["init", "roots.pem"], ["init", "--org", "acme"]])
def test_without_a_bundle_or_a_name_nothing_can_be_written(folder: Path, words: list[str]) -> None:
    """Also with --ci, where there is no configuration."""
    for more in ([], ["--ci", "github"]):
        assert "needs the bundle's paths and --org" in trustpack(folder, *words, *more, code=2)
    assert ["roots.pem"] == [path.name for path in folder.iterdir()]


def test_jobs_lie_where_the_ci_system_looks(folder: Path) -> None:
    """In the repository's root, and so must the configuration that they read, under its name."""
    git(folder, "init", "--quiet")
    sub = folder / "sub"
    sub.mkdir()
    (folder / "roots.pem").rename(sub / "roots.pem")
    assert "is not in its repository's root" in trustpack(sub, *NEW, "--ci", "github", code=2)
    assert ["roots.pem"] == [path.name for path in sub.iterdir()]
    named = trustpack(sub, *NEW, "--ci", "github", "--config", "other.yaml", code=2)
    assert "CI jobs read trustpack.yaml" in named


@pytest.mark.parametrize("site", ["packages.acme.example", "https://ci:s3cret@packages.acme.example"])
def test_an_address_is_what_the_configuration_takes_for_one(folder: Path, site: str) -> None:
    """What is secret in it is not told."""
    said = trustpack(folder, "init", "roots.pem", "--org", "acme", "--site", site, code=2)
    assert said.startswith("error: --site")
    assert "s3cret" not in said


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the files of both systems."""
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "roots.pem").write_bytes(authority.create("Acme Root", now=dt.datetime.now(dt.UTC)).pem)
    git(folder, "init", "--quiet")
    trustpack(folder, *NEW, "--ci", "github")
    trustpack(folder, "init", "--ci", "gitlab")
    return folder


def _judged(folder: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, "" if done.returncode == 0 else done.stdout + done.stderr)


def _program(name: str) -> Path:
    return Path(require(str(Path(sys.executable).with_name(name))))


def test_actionlint_finds_no_fault(jobs: Path, tmp_path: Path) -> None:
    """Nor shellcheck in the scripts."""
    name, go = "github.com/rhysd/actionlint/cmd/actionlint", require("go")
    program = golang.build(go, ROOT / "tests/actionlint", name, tmp_path / "actionlint")
    _judged(jobs, program, "-shellcheck", require("shellcheck"), "-oneline")


def test_zizmor_finds_no_fault(jobs: Path) -> None:
    """The one trigger that it warns of is let through where it stands, with the reason."""
    _judged(jobs, _program("zizmor"), "--offline", "--no-progress", "--quiet", ".github")


@pytest.mark.parametrize("system", FILES)
def test_the_files_are_what_their_schema_says(jobs: Path, system: str) -> None:
    """By the schemas that check-jsonschema brings along."""
    schema = {"github": ["vendor.github-workflows"], "gitlab": ["vendor.gitlab-ci"]}[system]
    if system == "gitlab":
        schema += ["--data-transform", "gitlab-ci"]
    files = [name for name in FILES[system] if name.endswith(".yml")]
    _judged(jobs, _program("check-jsonschema"), "--builtin-schema", *schema, *files)


def test_the_rules_that_keep_the_keys(jobs: Path) -> None:
    """No job of what a pull request brings has credentials, none has two kinds, and nothing is cached."""
    text = (jobs / GITHUB[0]).read_text()
    assert "pull_request_target" not in text
    assert "cache" not in text
    workflow = yaml.safe_load(text)
    assert ({}, False) == (workflow["permissions"], workflow["concurrency"]["cancel-in-progress"])
    found = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert found == {
        "build": {"contents": "read"},
        "sign": {"actions": "read", "contents": "read"},
        "publish": {"contents": "read", "id-token": "write"},
        "attest": {"attestations": "write", "id-token": "write"},
        "watch": {"contents": "read", "issues": "write"},
    }
    # One that has them is one that a pull request does not start.
    for name in found.keys() - {"build", "publish", "attest"}:
        assert "github.event_name != 'pull_request'" in workflow["jobs"][name]["if"]
    assert {"sign"} == {workflow["jobs"][name]["needs"] for name in ("publish", "attest")}
    holders = [name for name, job in workflow["jobs"].items() if "secrets." in str(job)]
    assert ["sign"] == holders


def test_pinned_actions_are_those_that_this_repository_uses(jobs: Path) -> None:
    """So the updates that we are told of reach what is written, too."""
    ours = _used(ROOT / ".github/workflows/release.yml")
    for name in GITHUB:
        used = _used(jobs / name)
        assert used
        assert used <= ours


def _used(file: Path) -> set[str]:
    lines = {line.strip().removeprefix("- ") for line in file.read_text("utf-8").splitlines()}
    return {line for line in lines if line.startswith("uses: ")}

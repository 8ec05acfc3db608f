"""The snippets, each by the validator of what reads it, where there is one; hostile names in all of them."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import subprocess
import tarfile
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from builder.prove import authority
from tests import golang, validators
from tests.packages.built import DEMO, fingerprints, run, trustpack
from tests.test_workflows import ROOT
from tests.tools import require, require_file

if TYPE_CHECKING:
    from pathlib import Path

_ACTIONLINT = ROOT / "tests" / "actionlint"
_BUTANE = ROOT / "tests" / "pinned" / "butane"
_HOSTILE = "A\"b' ${{ x }} ${HOME} $(id) `id` {{ y }} {% z %} \\ # & *c !d"


def _built(folder: Path, config: str = "") -> Path:
    """Build the archive and unpack it; return the folder that it has."""
    (folder / "trustpack.yaml").write_text(config, "utf-8")
    where = ("--config", folder / "trustpack.yaml") if config else (DEMO / "root-ec.pem", "--org", "demo")
    trustpack("build", *where, "--target", "snippets", "--out", folder / "dist", "--release", "2026.10")
    (archive,) = (folder / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        top = opened.getnames()[0].partition("/")[0]
    run(require("tar"), "-xzf", archive, "-C", folder)
    return folder / top


def _hostile(folder: Path) -> Path:
    """Build for an organisation and a CA whose names try to be more than names."""
    now = dt.datetime.now(dt.UTC)
    pem = authority.create(_HOSTILE[:60], now=now).pem + authority.create("Plain", now=now).pem
    (folder / "roots.pem").write_bytes(pem)
    organisation = {"slug": "acme", "name": _HOSTILE, "homepage": "https://a.example/?q=%7B#x"}
    return _built(folder, json.dumps({"organisation": organisation, "bundle": {"paths": ["roots.pem"]}}))


@pytest.fixture(scope="module", params=["plain", "hostile"])
def snippets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snippets")
    return _hostile(folder) if request.param == "hostile" else _built(folder)


def _name(snippets: Path) -> str:
    return snippets.name.removesuffix("-2026.10")


def test_hadolint_parses_the_dockerfile_and_finds_no_fault(snippets: Path) -> None:
    """It has a parser of its own, as BuildKit has."""
    done = validators.run("hadolint", "--no-color", snippets / "Dockerfile")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_cloud_init_takes_its_configuration(snippets: Path) -> None:
    """With one certificate an item."""
    file = snippets / "cloud-init/user-data.yaml"
    assert "Valid" in run(require("cloud-init"), "schema", "--config-file", file)
    found = yaml.safe_load(file.read_text("utf-8"))
    assert found.keys() == {"ca_certs"}
    pems = [fingerprints(text.encode()) for text in found["ca_certs"]["trusted"]]
    assert {len(pem) for pem in pems} == {1}
    assert frozenset().union(*pems) == fingerprints((snippets / "roots.pem").read_bytes())


@pytest.mark.parametrize("system", ["coreos", "flatcar"])
def test_ignition_takes_its_configuration(snippets: Path, system: str) -> None:
    """One certificate a file."""
    file = snippets / f"ignition/{system}.ign"
    assert run(require("ignition-validate"), file) == ""
    files = json.loads(file.read_text())["storage"]["files"]
    texts = [base64.b64decode(one["contents"]["source"].partition(",")[2]) for one in files]
    assert {len(fingerprints(text)) for text in texts} == {1}
    assert frozenset().union(*map(fingerprints, texts)) == fingerprints((snippets / "roots.pem").read_bytes())


@pytest.fixture(scope="module")
def butane(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile what translates as Butane's program does, by its own package."""
    program = tmp_path_factory.mktemp("butane") / "butane"
    return golang.build(golang.compiler(_BUTANE), _BUTANE, ".", program)


def test_butane_makes_ignitions_file_of_its_own(snippets: Path, butane: Path) -> None:
    """Strictly: without a warning. The same files with the same bytes, which it may write in another way."""
    given = (snippets / "butane/coreos.bu").read_bytes()
    done = subprocess.run([butane], input=given, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    made, ours = json.loads(done.stdout), json.loads((snippets / "ignition/coreos.ign").read_text())
    assert made["ignition"] == ours["ignition"]
    assert _laid(made) == _laid(ours)


def test_butane_refuses_a_key_that_it_does_not_know(butane: Path) -> None:
    """Else the test above would show nothing."""
    wrong = b"variant: fcos\nversion: 1.4.0\nstorages: {}\n"
    done = subprocess.run([butane], input=wrong, capture_output=True, check=False)
    assert (done.returncode, b"storages" in done.stderr) == (1, True)


def _laid(config: Any) -> list[tuple[str, int, bytes]]:
    """Return the files that a configuration lays down: paths, modes, and what is in them."""
    return [
        (one["path"], one["mode"], _held(**one["contents"]))
        for one in sorted(config["storage"]["files"], key=str)
    ]


def _held(source: str, compression: str = "") -> bytes:
    """Return what a URL with data in it stands for."""
    head, _, text = source.partition(",")
    data = base64.b64decode(text) if head.endswith(";base64") else urllib.parse.unquote_to_bytes(text)
    return gzip.decompress(data) if compression == "gzip" else data


def test_nix_evaluates_module_and_flake(snippets: Path, tmp_path: Path) -> None:
    """Strictly; what an organisation is called is no expression."""
    nix = (require("nix-instantiate"), "--eval", "--strict", "--json")
    state, store, log = (str(tmp_path / name) for name in ("state", "store", "log"))

    def value(*words: str | Path) -> Any:
        return json.loads(run(*nix, *words, NIX_STATE_DIR=state, NIX_STORE_DIR=store, NIX_LOG_DIR=log))

    module = value(snippets / "nix/module.nix")
    (file,) = module["security"]["pki"]["certificateFiles"]
    assert file.endswith("-roots.pem")
    flake = f"(import {snippets}/nix/flake.nix)"
    assert value("--expr", f"{flake}.description").startswith("CA certificates of ")
    assert value("--expr", f"({flake}.outputs {{ self = null; }}).nixosModules.default") == module


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", "github/actions/{}/action.yml"),
        ("vendor.github-workflows", "github/workflows/example.yml"),
        ("vendor.gitlab-ci", "gitlab/{}/gitlab-ci.yml"),
    ],
)
def test_jobs_are_what_their_schemas_have(snippets: Path, schema: str, path: str) -> None:
    """The schemas that check-jsonschema carries, of GitHub and GitLab."""
    file = snippets / path.format(_name(snippets))
    done = validators.run("check-jsonschema", "--builtin-schema", schema, file)
    assert (done.returncode, done.stderr) == (0, "")


def test_actionlint_finds_no_fault_in_the_workflow(snippets: Path, tmp_path: Path) -> None:
    """And so reads the action that it uses, where it lies in a repository."""
    name, go = "github.com/rhysd/actionlint/cmd/actionlint", require("go")
    program = golang.build(go, _ACTIONLINT, name, tmp_path / "actionlint")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".github").symlink_to(snippets / "github", target_is_directory=True)
    run(program, "-no-color", cwd=tmp_path)
    steps = yaml.safe_load((snippets / f"github/actions/{_name(snippets)}/action.yml").read_text())
    assert list(steps["runs"]) == ["using", "steps"]


def test_ansible_reads_the_role(snippets: Path) -> None:
    """Its syntax alone: tests/trust runs it."""
    words = ("--syntax-check", "-i", "localhost,", "playbook.yml")
    done = validators.run("ansible-playbook", *words, cwd=snippets / "ansible", HOME=str(snippets))
    assert (done.returncode, "ERROR" in done.stderr) == (0, False), done.stderr


def test_the_role_refuses_a_state_that_it_does_not_know(snippets: Path) -> None:
    """Whoever misspells `absent` would else see no fault, and the CAs stay; in check mode nothing changes."""
    module = _name(snippets).replace("-", "_")
    facts = {f"{module}_state": "removed", "ansible_become": False, "ansible_connection": "local"}
    words = ("--check", "-i", "localhost,", "-e", json.dumps(facts), "playbook.yml")
    done = validators.run("ansible-playbook", *words, cwd=snippets / "ansible", HOME=str(snippets))
    assert done.returncode != 0
    assert "removed is no state of this role, which knows present and absent" in done.stdout


def test_the_tool_of_dev_containers_packages_the_feature(snippets: Path, tmp_path: Path) -> None:
    """Its maker's own; it would need Docker to build a container with it."""
    tool = ROOT / "tests/pinned/devcontainers/node_modules/@devcontainers/cli/devcontainer.js"
    require_file(tool)
    folder = snippets / "devcontainer" / _name(snippets)
    said = run(require("node"), tool, "features", "package", folder, "--output-folder", tmp_path / "out")
    assert "ERR" not in said
    with tarfile.open(tmp_path / "out" / f"devcontainer-feature-{folder.name}.tgz") as archive:
        names = {member.name.removeprefix("./") for member in archive if member.isfile()}
    assert names == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_feature_has_what_the_specification_asks_for(snippets: Path) -> None:
    """Its id is its folder's name, and its version a semantic one; install.sh can be started."""
    folder = snippets / "devcontainer" / _name(snippets)
    found = json.loads((folder / "devcontainer-feature.json").read_text())
    assert (found["id"], found["version"]) == (folder.name, "1.2026.10")
    assert found["name"].startswith("CA certificates of ")
    assert (folder / "install.sh").stat().st_mode & 0o111


def test_each_folder_is_whole(snippets: Path) -> None:
    """Whoever copies one has all of the bundle."""
    expected = fingerprints((snippets / "roots.pem").read_bytes())
    name = _name(snippets)
    places = (
        "certs",
        f"devcontainer/{name}/anchors",
        f"github/actions/{name}/anchors",
        f"gitlab/{name}/anchors",
    )
    for place in (*places, f"ansible/roles/{name.replace('-', '_')}/files"):
        texts = [path.read_bytes() for path in (snippets / place).iterdir()]
        assert frozenset().union(*map(fingerprints, texts)) == expected, place


@pytest.mark.parametrize("word", ["Remove", "--remove", "uninstall"])
def test_a_word_that_the_script_does_not_know_adds_nothing(word: str) -> None:
    """Whoever wanted to undo it would else have trusted the CAs once more. No program is in reach of it."""
    script = ROOT / "templates/snippets/trust.sh"
    done = subprocess.run(
        [require("sh"), script, word],
        env={"PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"'{word}' is no word it knows" in done.stderr


def test_the_longest_names_fit_its_paths(tmp_path: Path) -> None:
    """Of an organisation and of a CA: a tar's header has room for a hundred bytes of a file's name."""
    name = "Acme Corporation International Internal Issuing Root Authority 1"
    (tmp_path / "roots.pem").write_bytes(authority.create(name, now=dt.datetime.now(dt.UTC)).pem)
    words = ("--target", "snippets,oci,kubernetes", "--release", "20261128.1234", "--out", tmp_path / "dist")
    trustpack("build", tmp_path / "roots.pem", "--org", "a" * 40, *words)
    assert len(list((tmp_path / "dist").glob("aaa*"))) == 6

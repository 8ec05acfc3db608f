"""`trustpack attest`: documents that are made from the project, and from nothing else on the machine."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import World

CONFIG = """\
organisation: {slug: acme}
bundle: {paths: [roots.pem]}
targets: [deb, own, rpm]
release: 20261124
"""
RECIPE = """\
title: Something
name: "{slug}-own"
name_pattern: "[a-z0-9-]+"
version: "{release}"
outputs:
  - id: own
    container: file
    filename: "{name}-{version}.txt"
    files:
      - {path: own, template: own.j2}
install: cat {filename}
verify: cat {filename}
remove: rm {filename}
"""
DOCUMENTS = [f"acme-20261124.{ending}" for ending in ("cdx.json", "intoto.json", "notes.md", "source.tar")]


@pytest.fixture
def project(world: World) -> World:
    """Return a project with a recipe of its own, whose release is built."""
    world.write("trustpack.yaml", CONFIG)
    world.write("recipes/own.yaml", RECIPE)
    world.write("templates/own/own.j2", "{{ slug | token }}\n")
    done = world.run("build")
    assert (done.code, done.err.count("\n")) == (0, 3)
    return world


def contents(world: World) -> dict[str, bytes]:
    """Return every file of dist/."""
    return {path.name: path.read_bytes() for path in (world.folder / "dist").iterdir()}


def test_a_release_gets_documents_that_are_the_same_each_time(project: World) -> None:
    """In another folder, too, on another day: nothing of the machine is in them."""
    done = project.run("attest")
    assert done.code == 0
    assert [line.split()[1] for line in done.out.splitlines()[1:]] == DOCUMENTS
    before = contents(project)
    assert {*DOCUMENTS} < {*before}
    assert project.run("attest", "--now", "2027-01-01").code == 0
    assert contents(project) == before
    elsewhere = World(project.folder / "elsewhere")
    for name in ("roots.pem", "trustpack.yaml", "recipes/own.yaml", "templates/own/own.j2"):
        elsewhere.write(name, (project.folder / name).read_text())
    assert [elsewhere.run(word).code for word in ("build", "attest")] == [0, 0]
    assert contents(elsewhere) == before
    assert not any(str(project.folder).encode() in before[name] for name in DOCUMENTS)


def test_the_statement_names_everything_by_its_digest(project: World) -> None:
    """What was built, what else is in the folder, and what it was built from."""
    done = project.run("lock")
    assert project.run("build", "--out", "new").code == 0
    options = ("--builder", "https://ci.acme.example/packages", "--run", "https://ci.acme.example/7")
    assert (done.code, project.run("attest", "new", "--cyclonedx", "1.7", *options).code) == (0, 0)
    dist = project.folder / "new"
    found = json.loads((dist / DOCUMENTS[1]).read_bytes())

    def digests(folder: Path, files: list[dict[str, object]]) -> dict[object, bool]:
        return {
            one["name"]: one["digest"]
            == {"sha256": hashlib.sha256((folder / str(one["name"])).read_bytes()).hexdigest()}
            for one in files
        }

    built = digests(dist, found["subject"])
    assert built == dict.fromkeys(
        ["acme-ca-certs_20261124_all.deb", "acme-own-20261124.txt", "acme-ca-certs-20261124-1.noarch.rpm"],
        True,
    )
    details = found["predicate"]["runDetails"]
    assert digests(dist, details["byproducts"]) == dict.fromkeys([DOCUMENTS[0], *DOCUMENTS[2:]], True)
    assert details["builder"]["id"] == "https://ci.acme.example/packages"
    assert details["metadata"] == {"invocationId": "https://ci.acme.example/7"}
    source = project.folder / "source"
    source.mkdir()
    subprocess.run(["tar", "-xf", str(dist / DOCUMENTS[3])], cwd=source, check=True)
    files = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    own = ["recipes/own.yaml", "templates/own/own.j2"]
    names = ["bundle.pem", *own, "trustpack.lock", "trustpack.yaml"]
    assert digests(source, files) == dict.fromkeys(names, True)
    assert all((source / name).read_bytes() == (project.folder / name).read_bytes() for name in own)
    assert '"specVersion": "1.7"' in (dist / DOCUMENTS[0]).read_text()


CHANGES = {
    "a template": (
        "templates/own/own.j2",
        "slug",
        "release",
        "/acme-own-20261124.txt: is not what this project",
    ),
    "a name": (
        "trustpack.yaml",
        "slug: acme",
        "slug: acme, name: B",
        "_all.deb: is not what this project builds",
    ),
    "the release": (
        "trustpack.yaml",
        "1124",
        "1125",
        ": holds release 20261124, and the project is at 20261125",
    ),
    "the owner": (
        "trustpack.yaml",
        "slug: acme",
        "slug: other",
        ": is a release of acme, and the project is oth",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_release_that_the_project_does_not_build_gets_none(project: World, change: str) -> None:
    """What changed since it was built: nothing is written."""
    name, old, new, said = CHANGES[change]
    project.write(name, (project.folder / name).read_text().replace(old, new))
    before = contents(project)
    done = project.run("attest")
    assert (done.code, said in done.err, "hint: " in done.err) == (8, True, True)
    assert contents(project) == before


def test_a_package_that_was_changed_or_lost_since_gets_none(project: World) -> None:
    """The statement would be true of what is built again, and not of what lies there."""
    path = next((project.folder / "dist").glob("*.rpm"))
    data = path.read_bytes()
    for damage, said in (
        (data[:-1], "dist's manifest"),
        (b"", "cannot be read: No such file or directory"),
    ):
        path.write_bytes(damage)
        if not damage:
            path.unlink()
        before = contents(project)
        done = project.run("attest")
        assert (13, True, True) == (done.code, said in done.err, "build it again" in done.err), done.err
        assert before == contents(project)


def test_other_cas_than_the_projects_get_none(project: World, another: bytes) -> None:
    """Those in the folder are not those that are configured now."""
    (project.folder / "roots.pem").write_bytes(another)
    done = project.run("attest")
    assert (done.code, "dist: is a release of other CAs than the project's" in done.err) == (8, True)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--builder", "https://user:secret@ci.example/", "holds a user name or a password"),
        ("--run", "https://ci.example/?token=secret", "holds a token or another secret"),
        ("--run", "job 7", "is no address (URI)"),
    ],
)
def test_an_address_that_tells_a_secret_is_refused(
    project: World, option: str, value: str, said: str
) -> None:
    """The error does not tell it either."""
    done = project.run("attest", option, value)
    assert (done.code, said in done.err, "secret@" in done.err, "=secret" in done.err) == (
        2,
        True,
        False,
        False,
    )


def test_notes_tell_the_changes_since_a_release_that_is_at_hand(project: World, another: bytes) -> None:
    """Where no lock does: by its manifest."""
    (project.folder / "dist" / "manifest.json").rename(project.folder / "old.json")
    (project.folder / "roots.pem").write_bytes((project.folder / "roots.pem").read_bytes() + another)
    project.write("trustpack.yaml", CONFIG.replace("20261124", "20261125"))
    assert project.run("build", "--out", "new").code == 0
    assert project.run("attest", "new", "--since", "old.json").code == 0
    said = (project.folder / "new" / "acme-20261125.notes.md").read_text()
    assert said.startswith(
        "# CA certificates of acme, release 20261125\n\nSince release 20261124:\n\n"
        "## Trusted from now on\n\n- CN=Acme Root 2, "
    )


def test_without_a_release_it_says_what_to_do(world: World) -> None:
    """Build one."""
    world.write("trustpack.yaml", CONFIG)
    done = world.run("attest")
    assert (done.code, done.err) == (
        13,
        "error: dist: holds no release\nhint: build one first: trustpack build\n",
    )

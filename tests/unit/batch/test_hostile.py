"""Organisations that want what is not theirs: each fails with its reason, and the others' bytes stay."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.batch import folders
from tests.batch.here import Here
from tests.unit.batch.building import batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_RECIPE = "title: X\n"


def _config(paths: str, slug: str = "evil") -> Callable[[Path], None]:
    text = f"organisation: {{slug: {slug}}}\nbundle: {{paths: [{paths}]}}\n"

    def make(folder: Path) -> None:
        (folder / "trustpack.yaml").write_text(text)

    return make


def _link_out(folder: Path) -> None:
    (folder / "roots.pem").unlink()
    (folder / "roots.pem").symlink_to("../good/roots.pem")


def _linked_folder(folder: Path) -> None:
    (folder / "more").symlink_to("../good")


def _linked_itself(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("good")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.pem")


def _sparse(folder: Path) -> None:
    with (folder / "roots.pem").open("r+b") as stream:
        stream.truncate(8 << 30)


def _many(folder: Path) -> None:
    for number in range(2000):
        (folder / f"{number}.pem").touch()


def _deep(folder: Path) -> None:
    (folder / "/".join("abcdefgh")).mkdir(parents=True)


def _bomb(folder: Path) -> None:
    (folder / "trustpack.yaml").write_text(_BOMB)


def _large_configuration(folder: Path) -> None:
    (folder / "trustpack.yaml").write_text("#" * 2_000_000)


def _own_recipe(folder: Path) -> None:
    (folder / "recipes").mkdir()
    (folder / "recipes" / "deb.yaml").write_text(_RECIPE)


def _key(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "keys").mkdir()
    (folder / "keys" / "1-apk.pem").write_bytes(key)


def _escaping_name(folder: Path) -> None:
    (folder / "\x1b[2J.pem").touch()


def _approver(folder: Path) -> None:
    with (folder / "trustpack.yaml").open("a") as file:
        file.write("approvals: {needed: 1, approvers: {eve: ../good/trustpack.yaml}}\n")


HOSTILE = {
    "link out": (_link_out, "orgs/evil/roots.pem: is a link"),
    "linked folder": (_linked_folder, "orgs/evil/more: is a link"),
    "linked itself": (_linked_itself, "orgs/evil: cannot be read: Not a directory"),
    "pipe": (_pipe, "orgs/evil/pipe.pem: is a pipe, a socket or a device"),
    "gigabytes": (_sparse, "orgs/evil/roots.pem: is larger than the 16777216 bytes that are left for it"),
    "many files": (_many, "orgs/evil: holds more than 200 files"),
    "deep folders": (_deep, "orgs/evil/a/b/c/d/e/f/g/: is deeper than 6 folders"),
    "YAML bomb": (_bomb, "orgs/evil/trustpack.yaml:1: holds more than"),
    "large configuration": (
        _large_configuration,
        "orgs/evil/trustpack.yaml: is larger than the 1048576 bytes",
    ),
    "another's slug": (
        _config("roots.pem", "good"),
        "orgs/evil/trustpack.yaml:1: organisation.slug is good, and its folder is evil",
    ),
    "path out": (_config("../good/roots.pem"), "orgs/evil/trustpack.yaml:2: '../good/roots.pem' leads out"),
    "winding path": (
        _config("x/../../good/roots.pem"),
        "orgs/evil/trustpack.yaml:2: 'x/../../good/roots.pem'",
    ),
    "absolute path": (_config("/etc/passwd"), "orgs/evil/trustpack.yaml:2: '/etc/passwd' leads out"),
    "standard input": (_config("'-'"), "orgs/evil/trustpack.yaml:2: '-' is standard input"),
    "address": (
        _config(f"'https://ca.example/x#sha256={64 * '0'}'"),
        "orgs/evil/trustpack.yaml:2: 'https://",
    ),
    "file address": (_config("'file:///etc/passwd'"), "orgs/evil/trustpack.yaml:2: 'file:///etc/passwd'"),
    "approver's file": (_approver, "orgs/evil/trustpack.yaml:5: '../good/trustpack.yaml' leads out"),
    "own recipe": (_own_recipe, "orgs/evil/recipes/deb.yaml: is a recipe of the organisation's own"),
    "private key": (_key, "orgs/evil/keys/1-apk.pem"),
    "name of escapes": (_escaping_name, "has a name that cannot be printed"),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one organisation, which has been built alone."""
    folder = tmp_path_factory.mktemp("good")
    folders.organisation(folder / "orgs", "good", "targets: [pem]\n")
    assert not batch(folder).failed
    return folder


@pytest.mark.parametrize("name", HOSTILE)
def test_what_one_wants_is_no_others_fault(good: Path, tmp_path: Path, name: str) -> None:
    """It fails with file and line; the other one comes out as if it were alone."""
    shutil.copytree(good / "orgs", tmp_path / "orgs")
    make, reason = HOSTILE[name]
    make(folders.organisation(tmp_path / "orgs", "evil"))
    rows = batch(tmp_path).rows
    assert (rows["evil"].status, rows["good"].status) == ("failed", "built")
    assert reason in rows["evil"].message
    assert tempfile.gettempdir() not in rows["evil"].message
    assert folders.states(tmp_path / "out") == folders.states(good / "out")


def test_a_second_name_for_anothers_file_stops_nobody(good: Path, tmp_path: Path) -> None:
    """It is read as what it is: what both hold, and no way to make the other one fail."""
    shutil.copytree(good / "orgs", tmp_path / "orgs")
    folder = folders.organisation(tmp_path / "orgs", "evil", "targets: [pem]\n")
    os.link(folder.parent / "good" / "roots.pem", folder / "other.pem")
    assert {row.status for row in batch(tmp_path).rows.values()} == {"built"}
    assert folders.states(tmp_path / "out")["good"] == folders.states(good / "out")["good"]


def test_names_that_no_organisation_can_have(good: Path, tmp_path: Path) -> None:
    """A folder's name is a slug, and no other one is like it; what is a file or hidden is none."""
    shutil.copytree(good / "orgs", tmp_path / "orgs")
    for name in ("Good", "..x", "a", "x" * 41, "bad_name", ".git", "-rf", "new\nline"):
        folders.organisation(tmp_path / "orgs", name)
    (tmp_path / "orgs" / "README.md").touch()
    rows = batch(tmp_path).rows
    assert {"Good", "good", "a", "x" * 41, "bad_name", "-rf", "new\nline"} == set(rows)
    assert {row.status for row in rows.values()} == {"failed"}
    assert "is there more than once: Good, good" in rows["good"].message
    assert not folders.states(tmp_path / "out")


def test_nothing_secret_is_in_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a key that an organisation left lying, nor what this process's environment knows."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2-in-the-environment")
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\nrepository: {keys: ../../secret}\n")
    _key(folders.organisation(tmp_path / "orgs", "evil"))
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "1-apk.pem").write_bytes((tmp_path / "orgs/evil/keys/1-apk.pem").read_bytes())
    pool = Here()
    batch(tmp_path, pool=pool)
    sent = b"".join(pool.sent)
    assert b"acme" in sent
    assert b"evil" not in sent
    for secret in (b"PRIVATE KEY", b"hunter2"):
        assert secret not in sent


def test_more_than_anybody_collects(tmp_path: Path) -> None:
    """Own recipes that are allowed make packages, but not of any size."""
    folder = folders.organisation(tmp_path / "orgs", "evil", "targets: [thing]\n")
    (folder / "recipes").mkdir()
    outputs = "".join(
        f"  - id: out{number}\n    container: file\n    filename: '{{slug}}-{number}-{{version}}.txt'\n"
        "    files:\n      - {path: a, template: a.j2}\n"
        for number in range(5)
    )
    (folder / "recipes" / "thing.yaml").write_text(
        "title: X\nname: '{slug}-thing'\nname_pattern: '[a-z-]+'\nversion: '{release}'\n"
        f"install: ''\nverify: ''\nremove: ''\noutputs:\n{outputs}"
    )
    (folder / "templates" / "thing").mkdir(parents=True)
    (folder / "templates" / "thing" / "a.j2").write_text(
        "{% for i in range(14) %}{{ ('x' * 1000000)|text }}{% endfor %}"
    )
    row = batch(tmp_path, allow_recipes=True).rows["evil"]
    assert row.message.startswith("orgs/evil/trustpack.yaml: its packages have 70000000 bytes")

"""The snippets that change a system, run in Debian's: refused before, accepted after, undone."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
import yaml

from builder.prove import clients
from builder.prove.store import snapshot
from tests import validators
from tests.roots import root
from tests.trust.prepared import Preparations, keep_few_roots
from tests.trust.world import World, build

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.prove.clients import SystemClient
    from builder.prove.sandbox import Sandbox
    from builder.prove.store import Store

_FEW = ["curl", "java"]
# What the role needs; all of it runs without what is compiled.
_ANSIBLE = ("ansible", "jinja2", "markupsafe", "packaging", "resolvelib", "yaml")


@pytest.fixture(scope="module")
def archives(world: World, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Build Acme's two releases, and one of Acme 2's."""
    out = tmp_path_factory.mktemp("snippets")
    return {
        "first": build(out, "acme", [world.kept, world.old], "1", target="snippets"),
        "second": build(out, "acme", [world.kept, world.new], "2", target="snippets"),
        "beta": build(out, "acme-2", [world.beta, world.kept], "1", target="snippets"),
    }


@pytest.fixture
def sandbox(world: World, archives: Mapping[str, Path], preparations: Preparations) -> Iterator[Sandbox]:
    """Open a system that trusts one CA more, as if it were public, and has the archives unpacked."""

    def prepare(opened: Sandbox) -> tuple[Sequence[SystemClient], Store]:
        keep_few_roots(opened)
        opened.copy_in("/usr/local/share/ca-certificates/public.crt", world.public.pem)
        opened.run(["update-ca-certificates"])
        for file in archives.values():
            opened.copy_in(f"/srv/{file.name}", file.read_bytes())
            opened.run(["tar", "-xzf", f"/srv/{file.name}", "-C", "/srv"])
        return (), snapshot(opened)

    with preparations.open(root("trixie"), "snippets", prepare) as prepared:
        yield prepared.sandbox


def test_the_features_script_brings_and_takes_trust(world: World, sandbox: Sandbox) -> None:
    """Another release's drops what it drops; another organisation's stays; `remove` leaves nothing."""
    asked = clients.equip(sandbox, world.programs, only=_FEW)
    before = snapshot(sandbox)

    def expect(*names: str) -> None:
        assert world.trusted(sandbox, asked) == {one.name: {"public", *names} for one in asked}

    expect()
    sandbox.run(["/srv/acme-ca-1/devcontainer/acme-ca/install.sh"])
    expect("kept", "old")
    sandbox.run(["/srv/acme-2-ca-1/devcontainer/acme-2-ca/install.sh"])
    sandbox.run(["/srv/acme-ca-2/devcontainer/acme-ca/install.sh"])
    expect("kept", "new", "beta")
    sandbox.run(["sh", "/srv/acme-ca-2/devcontainer/acme-ca/trust.sh", "remove"])
    expect("kept", "beta")
    sandbox.run(["sh", "/srv/acme-2-ca-1/devcontainer/acme-2-ca/trust.sh", "remove"])
    assert snapshot(sandbox).changes(since=before) == []


def test_the_steps_of_jobs_bring_trust(world: World, sandbox: Sandbox) -> None:
    """As GitHub's and GitLab's runners start them: with a shell, in the project's folder."""
    asked = clients.equip(sandbox, world.programs, only=["curl"])
    action = yaml.safe_load(sandbox.read("/srv/acme-ca-1/github/actions/acme-ca/action.yml"))
    (step,) = action["runs"]["steps"]
    environment = {"GITHUB_ACTION_PATH": "/srv/acme-ca-1/github/actions/acme-ca", "GITHUB_ENV": "/srv/env"}
    sandbox.run(["sh", "-e", "-c", step["run"]], environment=environment)
    assert world.trusted(sandbox, asked) == {"curl": {"public", "kept", "old"}}
    named = sandbox.read("/srv/env").decode().strip().partition("=")
    assert (named[0], sandbox.run(["cat", named[2]]).out.count("BEGIN")) == ("NODE_EXTRA_CA_CERTS", 2)
    sandbox.run(["sh", "-c", "mkdir /project && cp -r /srv/acme-2-ca-1/gitlab /project/.gitlab"])
    job = yaml.safe_load(sandbox.read("/project/.gitlab/acme-2-ca/gitlab-ci.yml"))[".acme-2-ca"]
    sandbox.run(["sh", "-e", "-c", "cd /project; " + "\n".join(job["before_script"])])
    assert world.trusted(sandbox, asked) == {"curl": {"public", "kept", "old", "beta"}}


@pytest.fixture
def ansible(sandbox: Sandbox) -> Sandbox:
    """Bring Ansible into the system."""
    sandbox.copy_in("/opt/ansible.tar", _packed())
    sandbox.run(["sh", "-c", "mkdir /opt/ansible && tar -xf /opt/ansible.tar -C /opt/ansible"])
    return sandbox


def _played(sandbox: Sandbox, folder: str, *more: str, check: bool = True) -> str:
    """Run a playbook on the very system that Ansible is in; return what it says."""
    words = ["-i", "localhost,", "-c", "local", "playbook.yml", *more]
    script = f'cd /srv/{folder} && exec python3 -m ansible.cli.playbook "$@"'
    environment = {
        "PYTHONPATH": "/opt/ansible",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_PIPELINING": "1",
    }
    return sandbox.run(["sh", "-c", script, "sh", *words], environment=environment, check=check).out


def test_ansibles_role_brings_and_takes_trust(world: World, ansible: Sandbox) -> None:
    """Once: a second run changes nothing. `state: absent` undoes it, and where nothing is, does nothing."""
    asked = clients.equip(ansible, world.programs, only=_FEW)
    before = snapshot(ansible)
    assert "changed=4" in _played(ansible, "acme-ca-1/ansible")
    assert world.trusted(ansible, asked) == {one.name: {"public", "kept", "old"} for one in asked}
    assert "changed=0" in _played(ansible, "acme-ca-1/ansible")
    _played(ansible, "acme-ca-2/ansible")
    assert world.trusted(ansible, asked) == {one.name: {"public", "kept", "new"} for one in asked}
    _played(ansible, "acme-ca-2/ansible", "-e", "acme_ca_state=absent")
    assert snapshot(ansible).changes(since=before) == []
    assert ansible.run(["ls", "/usr/local/share"]).out.split() == ["ca-certificates", "man"]
    assert "changed=0" in _played(ansible, "acme-ca-2/ansible", "-e", "acme_ca_state=absent")


_BOTH = b"""
- hosts: all
  gather_facts: false
  roles: [{role: acme_ca}, {role: acme_2_ca}]
"""


@pytest.mark.long
def test_roles_of_two_organisations_in_one_play_know_their_own(world: World, ansible: Sandbox) -> None:
    """What one of them takes out, the other one keeps, also where both have it."""
    asked = clients.equip(ansible, world.programs, only=["curl"])
    ansible.run(["sh", "-c", "mkdir -p /srv/both/roles && cp -r /srv/*-ca-1/ansible/roles/* /srv/both/roles"])
    ansible.copy_in("/srv/both/playbook.yml", _BOTH)
    _played(ansible, "both")
    assert world.trusted(ansible, asked) == {"curl": {"public", "kept", "old", "beta"}}
    assert "changed=0" in _played(ansible, "both")
    _played(ansible, "both", "-e", "acme_ca_state=absent")
    assert world.trusted(ansible, asked) == {"curl": {"public", "kept", "beta"}}


@pytest.mark.long
def test_a_role_whose_updater_failed_goes_on_where_it_was(world: World, ansible: Sandbox) -> None:
    """The next run finds all files as they should be: it must not take the store for what they say."""
    asked = clients.equip(ansible, world.programs, only=["curl"])
    updater = "/usr/sbin/update-ca-certificates"

    def interrupted(*more: str) -> None:
        ansible.run(["mv", updater, f"{updater}.there"])
        ansible.copy_in(updater, b"#!/bin/sh\nexit 7\n", mode=0o755)
        assert "failed=1" in _played(ansible, "acme-ca-1/ansible", *more, check=False)
        ansible.run(["mv", f"{updater}.there", updater])

    interrupted()
    assert world.trusted(ansible, asked) == {"curl": {"public"}}
    assert "changed=3" in _played(ansible, "acme-ca-1/ansible")
    assert world.trusted(ansible, asked) == {"curl": {"public", "kept", "old"}}
    interrupted("-e", "acme_ca_state=absent")
    assert world.trusted(ansible, asked) == {"curl": {"public", "kept", "old"}}
    _played(ansible, "acme-ca-1/ansible", "-e", "acme_ca_state=absent")
    assert world.trusted(ansible, asked) == {"curl": {"public"}}


@pytest.mark.parametrize("by", ["trust.sh", "role"])
def test_ours_leave_a_bundle_that_nothing_is_left_for(world: World, ansible: Sandbox, by: str) -> None:
    """Where every other root is deselected Debian's updater, left alone, keeps the bundle it made before."""
    asked = clients.equip(ansible, world.programs, only=["curl"])
    _add(ansible, by)
    ansible.run(["sed", "-i", "s/^mozilla/!&/", "/etc/ca-certificates.conf"])
    ansible.run(["rm", "/usr/local/share/ca-certificates/public.crt"])
    ansible.run(["update-ca-certificates", "--fresh"])
    # What one that was killed has left, the next appends to.
    ansible.copy_in("/etc/ssl/certs/ca-certificates.crt.new", world.public.pem)
    assert world.trusted(ansible, asked) == {"curl": {"kept", "old"}}
    _add(ansible, by, "remove")
    assert world.trusted(ansible, asked) == {"curl": set()}
    assert ansible.read("/etc/ssl/certs/ca-certificates.crt") == b""
    assert "ca-certificates.crt.new" not in ansible.run(["ls", "/etc/ssl/certs"]).out


def _add(sandbox: Sandbox, by: str, *word: str) -> None:
    """Bring Acme's first release to the system, or take it out."""
    if by == "role":
        _played(sandbox, "acme-ca-1/ansible", *(("-e", "acme_ca_state=absent") if word else ()))
    else:
        sandbox.run(["sh", "/srv/acme-ca-1/devcontainer/acme-ca/trust.sh", *word])


def _packed() -> bytes:
    """Return Ansible's packages as a tar, to be run by the Python of another system."""
    (site,) = validators.program("python").parents[1].glob("lib/python*/site-packages")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        # Of what is installed it asks the versions, too.
        for name in (*_ANSIBLE, *(path.name for path in site.glob("*.dist-info"))):
            archive.add(site / name, name, filter=lambda one: None if "__pycache__" in one.name else one)
    return buffer.getvalue()

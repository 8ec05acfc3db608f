"""The ConfigMap as a kubelet mounts it: links to links, which the clients must follow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import yaml

from builder.prove import clients
from builder.prove.sandbox import open_sandbox
from tests.roots import root
from tests.trust.prepared import keep_few_roots
from tests.trust.world import World, build

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.sandbox import Sandbox

_MOUNT, _BESIDE = "/mnt/ca", "/mnt/beta"
_READERS = ["curl", "openssl", "urllib", "php", "go"]
_NODE = f"NODE_EXTRA_CA_CERTS={_MOUNT}/roots.pem"


def _mount(sandbox: Sandbox, file: Path, moment: str, folder: str = _MOUNT) -> None:
    """Lay a ConfigMap down as kubelet does: a folder for the moment, one link to it, and links to that."""
    data = yaml.safe_load(file.read_text("utf-8"))["data"]
    for key, text in data.items():
        sandbox.copy_in(f"{folder}/..{moment}/{key}", text.encode())
    sandbox.run(["sh", "-c", f"cd {folder} && find . -maxdepth 1 -type l -delete && ln -s ..{moment} ..data"])
    for key in data:
        sandbox.run(["ln", "-s", f"..data/{key}", f"{folder}/{key}"])


def test_pods_trust_what_the_configmap_has(world: World, tmp_path: Path) -> None:
    """Beside the image's own roots; after the next release, which drops a root, as that says."""
    first, second = (
        build(tmp_path, "acme", [world.kept, other], version, target="kubernetes")
        for version, other in (("1", world.old), ("2", world.new))
    )
    with open_sandbox(root("bookworm")) as sandbox:
        sandbox.copy_in("/usr/local/share/ca-certificates/public.crt", world.public.pem)
        sandbox.run(["update-ca-certificates"])
        path = f"SSL_CERT_DIR=/etc/ssl/certs:{_MOUNT}"
        asked = [
            replace(client, command=("env", path, _NODE, *client.command))
            for client in clients.equip(sandbox, world.programs, only=[*_READERS, "node"])
        ]
        for file, more in ((None, set()), (first, {"kept", "old"}), (second, {"kept", "new"})):
            if file:
                _mount(sandbox, file, file.parent.name)
            assert world.trusted(sandbox, asked) == {client.name: {"public", *more} for client in asked}


def test_two_organisations_configmaps_add_up_and_go_one_by_one(world: World, tmp_path: Path) -> None:
    """Each is a folder more in the variable; whose folder is no longer there is trusted no longer."""
    ours = build(tmp_path, "acme", [world.kept, world.old], "1", target="kubernetes")
    theirs = build(tmp_path, "beta", [world.kept, world.beta], "1", target="kubernetes")
    with open_sandbox(root("bookworm")) as sandbox:
        keep_few_roots(sandbox)
        sandbox.copy_in("/usr/local/share/ca-certificates/public.crt", world.public.pem)
        sandbox.run(["update-ca-certificates"])
        path = f"SSL_CERT_DIR=/etc/ssl/certs:{_MOUNT}:{_BESIDE}"
        asked = [
            replace(client, command=("env", path, *client.command))
            for client in clients.equip(sandbox, world.programs, only=_READERS)
        ]

        def expect(*names: str) -> None:
            assert world.trusted(sandbox, asked) == {one.name: {"public", *names} for one in asked}

        _mount(sandbox, ours, "1")
        _mount(sandbox, theirs, "1", _BESIDE)
        expect("kept", "old", "beta")
        sandbox.run(["rm", "-r", _MOUNT])
        expect("kept", "beta")
        sandbox.run(["rm", "-r", _BESIDE])
        expect()

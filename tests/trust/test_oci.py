"""The image, unpacked by real tools, in Debian's system and in one without a shell: copied, and mounted."""

from __future__ import annotations

import datetime as dt
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority, clients
from builder.prove.sandbox import open_sandbox
from builder.prove.server import serve
from tests import verdicts
from tests.roots import root
from tests.tools import require
from tests.trust.world import HOST, World, build

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.prove.authority import Authority
    from builder.prove.clients import SystemClient
    from builder.prove.sandbox import Sandbox

# What reads a folder of roots by hash, or all of it, beside its file of roots; and what does not. Debian's
# Node.js reads what its OpenSSL does; that of its makers has roots of its own.
_READS = {"curl", "openssl", "urllib", "ruby", "php", "go", "node", "git"}
_DOES_NOT = {"wget", "requests", "java"}
_STORE, _MOUNT = "/etc/ssl/certs", "/mnt/acme-ca"
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && ! touch "$1/x" 2>/dev/null'


def _unpacked(archive: Path) -> Mapping[str, bytes]:
    """Return the files of an image by their paths, as skopeo and umoci lay them down."""
    folder = archive.parent / f"{archive.name}.unpacked"
    if not folder.exists():
        folder.mkdir()
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
        for words in (
            ("skopeo", "--insecure-policy", "copy", f"oci-archive:{archive}", f"oci:{folder}/layout:x"),
            ("umoci", "unpack", "--rootless", "--image", f"{folder}/layout:x", f"{folder}/bundle"),
        ):
            require(words[0])
            subprocess.run(words, env=environment, check=True, capture_output=True)
    top = folder / "bundle" / "rootfs"
    return {f"/{path.relative_to(top)}": path.read_bytes() for path in top.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def images(world: World, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, bytes]]:
    """Unpack Acme's two releases, and one of Acme 2's."""
    out = tmp_path_factory.mktemp("images")
    made = {
        "first": build(out, "acme", [world.kept, world.old], "1", target="oci"),
        "second": build(out, "acme", [world.kept, world.new], "2", target="oci"),
        "beta": build(out, "acme-2", [world.beta, world.kept], "1", target="oci"),
    }
    return {name: _unpacked(file) for name, file in made.items()}


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    """Open a Debian system that trusts one CA more, which stands for the public ones."""
    with open_sandbox(root("bookworm")) as opened:
        opened.copy_in("/usr/local/share/ca-certificates/public.crt", world.public.pem)
        opened.run(["update-ca-certificates"])
        yield opened


def _copy(sandbox: Sandbox, image: Mapping[str, bytes], to: str = _STORE) -> None:
    """Do what COPY does with the image's certs."""
    for path, data in image.items():
        if path.startswith("/certs/"):
            sandbox.copy_in(f"{to}/{path.removeprefix('/certs/')}", data)


def _remove(sandbox: Sandbox, image: Mapping[str, bytes]) -> None:
    sandbox.run(["rm", *(f"{_STORE}/{path.removeprefix('/certs/')}" for path in image if "/certs/" in path)])


def _mounted(client: SystemClient, *folders: str) -> SystemClient:
    """Return a client as a user without rights starts it, told of mounts beside the default folder."""
    path = ":".join((_STORE, *folders))
    extra = f"NODE_EXTRA_CA_CERTS={_MOUNT}/roots.pem"
    command = (*_NOBODY, "env", f"SSL_CERT_DIR={path}", extra, *client.command)
    return replace(client, command=command)


def _each(asked: Sequence[SystemClient], readers: set[str], accepted: set[str]) -> dict[str, set[str]]:
    return {one.name: accepted if one.name in readers else {"public"} for one in asked}


def test_every_client_trusts_what_is_copied_as_far_as_it_reads_the_folder(
    world: World, images: Mapping[str, Mapping[str, bytes]], sandbox: Sandbox
) -> None:
    """The public roots stay; the next release drops what it drops; without the copy all is as before."""
    asked = clients.equip(sandbox, world.programs)
    assert {client.name for client in asked} == _READS | _DOES_NOT
    assert world.trusted(sandbox, asked) == _each(asked, _READS, {"public"})
    _copy(sandbox, images["first"])
    assert world.trusted(sandbox, asked) == _each(asked, _READS, {"public", "kept", "old"})
    few = [client for client in asked if client.name in {"curl", "openssl", "go"}]
    _remove(sandbox, images["first"])
    _copy(sandbox, images["second"])
    _copy(sandbox, images["beta"])
    assert world.trusted(sandbox, few) == _each(few, _READS, {"public", "kept", "new", "beta"})
    _remove(sandbox, {**images["second"], **images["beta"]})
    assert world.trusted(sandbox, few) == _each(few, _READS, {"public"})


def test_who_names_roots_gets_those_alone(
    world: World, images: Mapping[str, Mapping[str, bytes]], sandbox: Sandbox
) -> None:
    """By the variables for both places, whatever was copied into the one that they stand for."""
    _copy(sandbox, images["first"])
    sandbox.copy_in("/own/roots.pem", world.beta.pem)
    named = ("env", "SSL_CERT_FILE=/own/roots.pem", "SSL_CERT_DIR=/nowhere")
    equipped = clients.equip(sandbox, world.programs, only=["openssl", "urllib", "php", "go"])
    asked = [replace(one, command=(*named, *one.command)) for one in equipped]
    assert world.trusted(sandbox, asked) == {one.name: {"beta"} for one in asked}


def test_a_user_without_rights_trusts_what_is_mounted_read_only(
    world: World, images: Mapping[str, Mapping[str, bytes]], sandbox: Sandbox
) -> None:
    """Beside the public roots, by SSL_CERT_DIR; Node.js by its own variable; two organisations at once."""
    names = ["curl", "openssl", "urllib", "php", "go", "node"]
    asked = [_mounted(one, f"{_MOUNT}/certs") for one in clients.equip(sandbox, world.programs, only=names)]
    few = [client for client in asked if client.name in {"curl", "go", "node"}]
    assert world.trusted(sandbox, few) == _each(
        few, _READS, {"public"}
    )  # nothing is mounted, nothing is lost
    _copy(sandbox, images["first"], f"{_MOUNT}/certs")
    sandbox.copy_in(f"{_MOUNT}/roots.pem", images["first"]["/roots.pem"])
    sandbox.run(["sh", "-c", _READ_ONLY, "sh", _MOUNT])
    assert world.trusted(sandbox, asked) == _each(asked, _READS, {"public", "kept", "old"})
    _copy(sandbox, images["beta"], "/mnt/acme-2-ca/certs")
    both = [
        _mounted(one, f"{_MOUNT}/certs", "/mnt/acme-2-ca/certs")
        for one in clients.equip(sandbox, world.programs, only=["curl", "urllib", "go"])
    ]
    assert world.trusted(sandbox, both) == _each(both, _READS, {"public", "kept", "old", "beta"})


def test_a_system_of_one_static_program_trusts_what_is_copied(
    world: World, images: Mapping[str, Mapping[str, bytes]], sandbox: Sandbox
) -> None:
    """As in an image that is distroless: a file of public roots, and no shell."""
    clients.equip(sandbox, world.programs, only=["go"])
    store = f"/small{_STORE}"
    sandbox.run(["mkdir", "-p", store, "/small/etc"])
    sandbox.run(["cp", "/opt/trustpack/handshake", "/small/"])
    sandbox.run(["cp", f"{_STORE}/ca-certificates.crt", store])
    sandbox.run(["cp", "/etc/hosts", "/small/etc/"])
    alone = [clients.SystemClient("go", "", "", ("chroot", "--userspec=65534:65534", "/small", "/handshake"))]
    assert world.trusted(sandbox, alone) == {"go": {"public"}}
    _copy(sandbox, images["first"], store)
    assert world.trusted(sandbox, alone) == {"go": {"public", "kept", "old"}}


def test_two_cas_of_one_subject_share_a_name(
    world: World, images: Mapping[str, Mapping[str, bytes]], sandbox: Sandbox, tmp_path: Path
) -> None:
    """Of what is copied the later one stays; of what is mounted OpenSSL finds the first, and Go both."""
    now = dt.datetime.now(dt.UTC)
    namesake = authority.create("Trust Test old", now=now)
    other = _unpacked(build(tmp_path, "acme-2", [namesake], "1", target="oci"))
    assert images["first"].keys() >= {path for path in other if path.startswith("/certs/")}
    asked = clients.equip(sandbox, world.programs, only=["openssl", "go"])
    folders = (f"{_MOUNT}/certs", "/mnt/acme-2-ca/certs")
    _copy(sandbox, images["first"], folders[0])
    _copy(sandbox, other, folders[1])
    with serve(authority.issue(namesake, [HOST], now=now)) as port:
        old, new = urls = [world.urls["old"], f"https://{HOST}:{port}/"]
        for order, first in ((folders, old), (folders[::-1], new)):
            both = [_mounted(one, *order) for one in asked]
            assert verdicts.accepted(sandbox, both, urls) == {"openssl": {first}, "go": {old, new}}
        _copy(sandbox, images["first"])
        _copy(sandbox, other)
        assert verdicts.accepted(sandbox, asked, urls) == {"openssl": {new}, "go": {new}}


def test_one_image_numbers_the_cas_of_one_subject(world: World, sandbox: Sandbox, tmp_path: Path) -> None:
    """A root that was renewed with another key: OpenSSL asks one file after the other."""
    now = dt.datetime.now(dt.UTC)
    again: Authority = authority.create("Trust Test kept", now=now)
    image = _unpacked(build(tmp_path, "acme", [world.kept, again], "1", target="oci"))
    names = sorted(path for path in image if path.startswith("/certs/"))
    assert [path[-2:] for path in names] == [".0", ".1"]
    asked = clients.equip(sandbox, world.programs, only=["curl", "urllib", "go"])
    _copy(sandbox, image)
    with serve(authority.issue(again, [HOST], now=now)) as port:
        urls = [world.urls["kept"], f"https://{HOST}:{port}/", world.urls["unrelated"]]
        assert verdicts.accepted(sandbox, asked, urls) == {one.name: {*urls[:2]} for one in asked}

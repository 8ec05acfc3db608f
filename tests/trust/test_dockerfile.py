"""The snippet's Dockerfile, built by buildah: the build trusts, and what it leaves holds no CA of ours."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.roots import root
from tests.tools import require, require_mounts
from tests.trust.world import World, build

_BASE = "docker.io/library/debian:12-slim"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Builder:
    """buildah with a store of its own: no registry, no daemon, and the host's network."""

    folder: Path

    def run(self, command: str, *words: str | Path, check: bool = True) -> str:
        """Run one of its commands; return what it says."""
        where = ("--root", self.folder / "images", "--runroot", self.folder / "run")
        done = subprocess.run(
            [require("buildah"), *where, "--storage-driver", "vfs", command, *words],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stdout
        return done.stdout

    def build(self, tag: str, dockerfile: Path, context: Path, *options: str, check: bool = True) -> str:
        """Build an image of a Dockerfile, pulling none."""
        words = ("--isolation", "chroot", "--pull-never", "--signature-policy", self.folder / "policy.json")
        return self.run("bud", *words, *options, "-t", tag, "-f", dockerfile, context, check=check)

    def opened(self, image: str) -> tuple[str, Path]:
        """Return the name of a container of an image, and the folder with its files."""
        words = ("--pull-never", "--signature-policy", self.folder / "policy.json")
        name = self.run("from", *words, image).split()[-1]
        return name, Path(self.run("mount", name).split()[-1])


@pytest.fixture
def builder(world: World, tmp_path: Path) -> Builder:
    """Make a store with a small stand-in of the base image: a shell, a client, and a public CA."""
    require_mounts()
    (tmp_path / "policy.json").write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    base = tmp_path / "base"
    for folder in ("bin", "etc/ssl/certs", "srv", "tmp"):
        (base / folder).mkdir(parents=True)
    shutil.copy(root("trixie") / "usr/bin/busybox", base / "bin/sh")
    assert world.programs.go is not None
    (base / "bin/handshake").write_bytes(world.programs.go)
    (base / "bin/handshake").chmod(0o755)
    (base / _BUNDLE).write_bytes(world.public.pem)
    (tmp_path / "Base").write_text("FROM scratch\nCOPY / /\n")
    builder = Builder(tmp_path)
    builder.build(_BASE, tmp_path / "Base", base)
    return builder


def _accepted(said: str, world: World) -> set[str]:
    """Return which servers the client accepted; it must have had a word for each."""
    words = {
        name: re.search(rf"^{re.escape(url)} (\w+)", said, re.MULTILINE) for name, url in world.urls.items()
    }
    return (
        {name for name, word in words.items() if word and word[1] == "accepted"}
        if all(words.values())
        else set()
    )


def _holding(folder: Path, pems: list[bytes]) -> set[str]:
    """Return the files in which one of the certificates is, as PEM or as DER."""
    forms = [form for pem in pems for form in (pem.split(b"\n")[2], ssl.PEM_cert_to_DER_cert(pem.decode()))]
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        str(path.relative_to(folder)) for path in files if any(form in path.read_bytes() for form in forms)
    }


@pytest.mark.long
def test_a_build_trusts_and_leaves_no_ca_behind(world: World, builder: Builder, tmp_path: Path) -> None:
    """In the stage that mounts the context; the other one takes the CAs in, beside the roots of its base."""
    archive = build(tmp_path, "acme", [world.kept, world.old], "1", target="snippets")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    snippets = tmp_path / "acme-ca-1"
    ask = ("/bin/handshake", *world.urls.values())
    given = (snippets / "Dockerfile").read_text()
    command = "true # your commands"
    assert command in given
    (tmp_path / "Dockerfile").write_text(given.replace(command, f"{' '.join(ask)} >/srv/said || true"))
    context = f"--build-context=acme-ca={snippets}"
    wrong = builder.build("wrong", tmp_path / "Dockerfile", tmp_path / "base", check=False)
    assert "Successfully tagged" not in wrong
    ours = [world.kept.pem, world.old.pem]

    builder.build("stage", tmp_path / "Dockerfile", tmp_path / "base", context, "--target=build")
    stage, files = builder.opened("localhost/stage")
    assert _accepted((files / "srv/said").read_text(), world) == {"public", "kept", "old"}
    assert _holding(files, ours) == set()
    assert (files / _BUNDLE).read_bytes() == world.public.pem
    said = builder.run("run", "--isolation", "chroot", stage, "--", *ask, check=False)
    assert _accepted(said, world) == {"public"}

    builder.build("final", tmp_path / "Dockerfile", tmp_path / "base", context)
    final, files = builder.opened("localhost/final")
    names = {f"etc/ssl/certs/{path.name}" for path in (snippets / "certs").iterdir()}
    assert _holding(files, ours) == names
    assert (files / _BUNDLE).read_bytes() == world.public.pem
    said = builder.run("run", "--isolation", "chroot", final, "--", *ask, check=False)
    assert _accepted(said, world) == {"public", "kept", "old"}

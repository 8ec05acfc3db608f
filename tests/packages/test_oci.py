"""The image in a registry: what people are told brings it there, with the release's digest, and away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from builder import inspect
from tests import targets
from tests.packages import image_registry
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packages.built import Built


def _typed(lines: str, folder: Path, host: str) -> str:
    """Run lines of the recipe for a release in a folder, with this registry in the place of its example."""
    target = targets.ALL["oci"]
    [file] = target.files("demo", "20260102")
    words = {"filename": file, "name": target.package("demo"), "version": "20260102"}
    for key, value in words.items():
        lines = lines.replace(f"{{{key}}}", value)
    settings = folder / ".config" / "containers"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    (settings / "registries.conf").write_text(f'[[registry]]\nlocation = "{host}"\ninsecure = true\n')
    done = subprocess.run(
        ["/bin/sh", "-ec", lines.replace("registry.internal", host)],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_told_brings_it_into_a_registry_and_away(demo: Built, tmp_path: Path) -> None:
    """Every platform's manifest, byte for byte: who pins the release's digest gets this image."""
    require("skopeo")
    recipe = targets.ALL["oci"].recipe
    [artifact] = demo.artifacts("oci")
    shutil.copy(demo.folder / artifact["file"], tmp_path)
    shown = inspect.read(artifact["file"], (tmp_path / artifact["file"]).read_bytes()).metadata
    with image_registry.serve() as registry:
        _typed(recipe.install, tmp_path, registry.host)
        assert registry.tags == {"20260102": shown["digest"]}
        _, index = registry.manifests[shown["digest"]]
        pushed = {one["digest"] for one in json.loads(index)["manifests"]}
        assert pushed == registry.manifests.keys() - {shown["digest"]}
        assert len(pushed) == len(shown["platforms"].split(", "))
        assert json.loads(_typed(recipe.verify, tmp_path, registry.host))["manifests"]
        pinned = f"docker://{registry.host}/demo-ca@{shown['digest']}"
        _typed(f"skopeo copy {pinned} oci:pulled:one", tmp_path, registry.host)
        _typed("umoci unpack --rootless --image pulled:one bundle", tmp_path, registry.host)
        assert (tmp_path / "bundle/rootfs/roots.pem").read_text("ascii").count("BEGIN CERTIFICATE") > 1
        _typed(recipe.remove, tmp_path, registry.host)
        assert registry.tags == {}

"""The module by itself: Go's own tools take it as it is, and compute the sums that we do."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.errors import ConfigError
from builder.formats import gomodule
from tests import golang, releases
from tests.runtime.go.world import PROBE, go, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.runtime.go.world import Authorities


STATICCHECK = Path(__file__).parent / "staticcheck"


@pytest.fixture(scope="module")
def built(authorities: Authorities, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("module")
    (module,) = releases.build(folder, "acme", [authorities.acme], target="go", release="2026.10")
    return module


@pytest.fixture(scope="module")
def unpacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    unpack(built, folder)
    return folder


def _run(words: list[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    environment = {**golang.environment(), "GOPROXY": "off", **(more or {})}
    command = [go("machine"), *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_sums_are_those_that_go_writes_into_go_sum(built: Path, tmp_path: Path) -> None:
    """That of the zip, and that of its go.mod, as `trustpack inspect` shows them."""
    place = tmp_path / "proxy/acme.internal/ca/@v"
    place.mkdir(parents=True)
    shutil.copy(built, place / "v1.2026.10.zip")
    (place / "v1.2026.10.mod").write_text("module acme.internal/ca\n\ngo 1.22\n")
    (place / "v1.2026.10.info").write_text('{"Version": "v1.2026.10"}')
    own = {"GOPROXY": f"file://{tmp_path}/proxy", "GONOSUMDB": "acme.internal", "GOMODCACHE": f"{tmp_path}/m"}
    words = ["mod", "download", "-json", "acme.internal/ca@v1.2026.10"]
    found = json.loads(_run(words, tmp_path, own))
    shown = gomodule.unpack(built.name, built.read_bytes()).metadata
    assert (shown["sum"], shown["sum of go.mod"]) == (found["Sum"], found["GoModSum"])


def test_gofmt_changes_nothing(unpacked: Path) -> None:
    """Neither in the module, with what is rendered, nor in the programs of these tests."""
    gofmt = (
        golang.environment(),
        [go("machine").removesuffix("go") + "gofmt", "-l", str(unpacked), str(PROBE)],
    )
    done = subprocess.run(gofmt[1], env=gofmt[0], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_needs_nothing_but_go(unpacked: Path) -> None:
    """Every package that it imports is the standard library's."""
    words = ["list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./..."]
    assert _run(words, unpacked).split() == ["acme.internal/ca/trust", "acme.internal/ca/trust/everywhere"]


@pytest.mark.parametrize(
    "system",
    ["linux", *(pytest.param(one, marks=pytest.mark.long) for one in ("windows", "darwin", "freebsd", "js"))],
)
def test_vet_finds_nothing(unpacked: Path, system: str) -> None:
    """On each system, where not all of it is of use, it compiles."""
    more = {"GOOS": system} | ({"GOARCH": "wasm"} if system == "js" else {})
    _run(["vet", "-trimpath", "./..."], unpacked, more)


def test_a_release_of_three_numbers_has_no_version_in_go(authorities: Authorities, tmp_path: Path) -> None:
    """It is refused, with the reason: what such old ones were called, Go would take for another module."""
    with pytest.raises(ConfigError, match="v0 and v1 only"):
        releases.build(tmp_path, "acme", [authorities.acme], target="go", release="2025.1.2")


@pytest.mark.long
def test_staticcheck_finds_nothing(unpacked: Path, tmp_path: Path) -> None:
    """Its linter is compiled from source, which takes a minute."""
    name = "honnef.co/go/tools/cmd/staticcheck"
    compiler = golang.compiler(STATICCHECK)
    program = golang.build(compiler, STATICCHECK, name, tmp_path / "staticcheck")
    path = {"PATH": f"{Path(compiler).parent}:/usr/bin:/bin", "STATICCHECK_CACHE": str(tmp_path)}
    environment = golang.environment() | path
    command = [str(program), "-checks", "all,-ST1000", "./..."]
    done = subprocess.run(
        command, cwd=unpacked, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

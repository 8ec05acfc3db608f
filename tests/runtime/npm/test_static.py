"""The package's code and metadata, judged by the tools that JavaScript and TypeScript people use."""

from __future__ import annotations

import csv
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from builder.render.shipped import ROOT
from tests.lint import known_roots
from tests.runtime.npm import world
from tests.tools import require, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities

_TSC = world.MODULES / ".bin/tsc"
_STRICT = {
    "strict": True,
    "noEmit": True,
    "module": "nodenext",
    "target": "es2022",
    "noImplicitReturns": True,
    "noUncheckedIndexedAccess": True,
    "noUnusedLocals": True,
    "noUnusedParameters": True,
    "resolveJsonModule": True,
    "skipLibCheck": False,
    "typeRoots": [str(world.MODULES / "@types")],
    "types": ["node"],
}

_CONSUMER = """
import { path, pem, certificates, env, register } from 'acme-ca';
import 'acme-ca/register';
export const texts: string[] = [path, pem(), ...certificates(), env().NODE_EXTRA_CA_CERTS, env().DENO_CERT];
export const active: boolean = register();
// @ts-expect-error there is no such name
import { nonsense } from 'acme-ca';
export { nonsense };
"""


def _tsc(folder: Path, options: dict[str, object], files: list[str]) -> None:
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": _STRICT | options, "files": files}))
    world.run([require(str(_TSC)), "--project", "tsconfig.json"], cwd=folder)


@pytest.fixture(scope="module")
def package(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the package."""
    return unpack(tarball, tmp_path_factory.mktemp("unpacked"))


def test_the_code_is_typed(package: Path) -> None:
    """TypeScript's checker finds no fault in the JavaScript, with the types of the oldest Node promised."""
    files = sorted(path.name for pattern in ("*.js", "*.d.ts") for path in package.glob(pattern))
    _tsc(package, {"checkJs": True, "allowJs": True}, files)


def test_the_code_is_clean() -> None:
    """Biome's linter and formatter find no fault in the package's code and the programs of these tests."""
    argv = [require(str(world.MODULES / "@biomejs/cli-linux-x64/biome")), "check", "--error-on-warnings"]
    world.run([*argv, f"--config-path={world.HERE}", ROOT / "templates/npm", world.PROGRAMS], cwd=world.HERE)


def test_typescript_reads_the_types(project: Path) -> None:
    """A strict TypeScript program can import the interface as an ES module and as CommonJS."""
    files = ["consumer.mts", "consumer.cts"]
    for file in files:
        (project / file).write_text(_CONSUMER)
    _tsc(project, {}, files)


def test_publint_finds_no_fault(package: Path) -> None:
    """Publint, in its strict mode, agrees with package.json and its exports."""
    world.run([require(str(world.MODULES / ".bin/publint")), "--strict", package], cwd=package)


def test_the_types_are_found_in_every_mode(tarball: Path, package: Path) -> None:
    """Are-the-types-wrong resolves the interface in every mode of TypeScript; a PEM file has no types."""
    argv = [require(str(world.MODULES / ".bin/attw")), "--exclude-entrypoints", "roots.pem", "--no-emoji"]
    done = world.run([*argv, tarball], cwd=package)
    assert "No problems found" in done.stdout


def test_the_manifest_promises_nothing_to_run(package: Path) -> None:
    """No install scripts and no dependencies: npm 12, pnpm and Bun would skip or refuse them."""
    manifest = json.loads((package / "package.json").read_text())
    assert {"scripts", "dependencies", "peerDependencies", "optionalDependencies"}.isdisjoint(manifest)
    assert manifest["engines"] == {"node": ">=18"}


def test_every_file_is_the_package_s_own(tarball: Path, package: Path, authorities: Authorities) -> None:
    """The package holds what its recipe lists, the bundle beside the code that finds it."""
    expected = (
        "CHANGELOG.md README.md bundle.js certificates.json choices.js cli.js clients.js contexts.js "
        "defaults.js doctor.js index.d.ts index.js package.json public_roots.json register.d.ts register.js "
        "roots.pem"
    )
    with tarfile.open(tarball) as archive:
        assert expected == " ".join(name.removeprefix("package/") for name in archive.getnames())
    assert (package / "roots.pem").read_bytes() == authorities.acme.pem


def test_the_public_roots_are_those_that_the_linter_knows(request: pytest.FixtureRequest) -> None:
    """By half of their SHA-256: what Mozilla trusts, since when, or once did; none whose key is known."""
    path = ROOT / "templates/npm/public_roots.json"
    with (ROOT / "builder/lint/known_roots.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] in {"public", "removed"}]
    days = {row["sha256"][:32]: known_roots.day(row) for row in rows}
    expected = json.dumps(days, indent=2, sort_keys=True) + "\n"
    if request.config.getoption("--update-golden"):
        path.write_text(expected, "utf-8")
    assert path.read_text("utf-8") == expected, "pytest --update-golden refreshes it"


def test_a_name_chosen_freely_is_followed(
    tmp_path: Path, build: Callable[..., Path], authorities: Authorities
) -> None:
    """The command, the switch and the README follow the package's name, also one with a digit first."""
    config = "names:\n  npm: '@42.example/trust.me'\n"
    package = unpack(build("freely", authorities.acme, config=config), tmp_path)
    assert json.loads((package / "package.json").read_text())["bin"] == {"42.example__trust.me": "./cli.js"}
    program = "console.log(JSON.stringify(require('./bundle.js').disableVariable))"
    name = world.answer([world.node("24"), "--eval", program], cwd=package)
    assert name == "_42___EXAMPLE__TRUST___ME_DISABLE"
    assert f"`{name}=1`" in (package / "README.md").read_text()

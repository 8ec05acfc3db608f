"""What each target's packages cost, beside a tool that writes the same file: `python -m tests.bench.targets`.

Ours is the whole way from a bundle in memory to files in a folder, of 2 CAs and of 80, in a process that has
built before. The rival gets the files that are inside, laid out: jar, keytool, and for the image umoci, which
makes one with a layer. Both run in one go; the least of several counts.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from builder import config
from builder.model.release import Release
from builder.pipeline import build as pipeline
from builder.pipeline.request import BuildRequest
from builder.render import recipe
from tests.bench.needs import need
from tests.unit import bundles

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.model import Bundle
    from builder.release.manifest import Manifest

_PROGRAMS = {
    "jar": "apt install default-jdk-headless",
    "skopeo": "apt install skopeo",
    "umoci": "apt install umoci",
}
_COUNTS = (2, 80)


def _build(target: str, bundle: Bundle, folder: Path) -> Manifest:
    shutil.rmtree(folder, ignore_errors=True)
    order = BuildRequest(
        organisation=config.organisation(config.minimal("acme", ["roots.pem"])),
        bundle=bundle,
        sources=recipe.select(recipe.sources(), [target]),
        today=bundles.NOW.date(),
        release=Release("2026.10"),
    )
    return pipeline.build(order, folder)


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def _jar(file: Path, folder: Path) -> Callable[[], None]:
    """Lay out what is in a jar, and return what packs it once more."""
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "jar")
    made, manifest = folder / "made.jar", folder / "jar" / "META-INF" / "MANIFEST.MF"
    return lambda: _run("jar", "--create", "--file", made, "--manifest", manifest, "-C", folder / "jar", ".")


def _image(file: Path, folder: Path) -> Callable[[], None]:
    """Unpack an image of one platform, and return what makes a layout with the same files."""
    layout = f"{folder}/layout:x"
    _run("skopeo", "--insecure-policy", "copy", f"oci-archive:{file}", f"oci:{layout}")
    _run("umoci", "unpack", "--rootless", "--image", layout, folder / "bundle")

    def make() -> None:
        new = folder / "new"
        shutil.rmtree(new, ignore_errors=True)
        _run("umoci", "init", "--layout", new)
        _run("umoci", "new", "--image", f"{new}:2026.10")
        _run("umoci", "insert", "--rootless", "--image", f"{new}:2026.10", folder / "bundle/rootfs", "/")

    return make


def _store(file: Path, folder: Path) -> Callable[[], None]:
    """Lay out the CAs of a trust store, and return what puts them into a new one, one call each."""
    said = subprocess.run(
        ["keytool", "-list", "-rfc", "-keystore", str(file), "-storepass", "changeit"],
        check=True,
        capture_output=True,
        text=True,
    )
    blocks = [
        f"{part}-----END CERTIFICATE-----" for part in said.stdout.split("-----END CERTIFICATE-----")[:-1]
    ]
    for number, block in enumerate(blocks):
        (folder / f"{number}.pem").write_text(block[block.index("-----BEGIN") :])

    def make() -> None:
        (folder / "made.jks").unlink(missing_ok=True)
        for number in range(len(blocks)):
            words = ("-importcert", "-noprompt", "-alias", str(number), "-file", folder / f"{number}.pem")
            _run("keytool", *words, "-keystore", folder / "made.jks", "-storepass", "changeit")

    return make


# By target: what lays out the files of its last artifact, and returns the rival's work.
_RIVALS = {"jks": ("keytool", _store), "maven": ("jar", _jar), "oci": ("umoci", _image)}


def _least(runs: int, work: Callable[[], object]) -> float:
    """Return the least of several runs, in milliseconds."""
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds) * 1000


def main() -> None:
    """Print a row for each target: files and bytes of 2 CAs, and the milliseconds of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    need("targets", programs=_PROGRAMS)
    bundle = {count: bundles.bundle(*(f"Acme Root {n}" for n in range(count))) for count in _COUNTS}
    head = f"{'target':<14}{'files':>6}{'kB':>8}" + "".join(f"{f'{count} CAs, ms':>13}" for count in _COUNTS)
    print(f"{head}   rival, 2 CAs")
    with tempfile.TemporaryDirectory(prefix="trustpack-bench-") as name:
        for target in recipe.sources():
            folder = Path(name) / target
            manifest = _build(target, bundle[2], folder / "dist")
            times = [
                _least(runs, partial(_build, target, bundle[count], folder / "again")) for count in _COUNTS
            ]
            size = sum(entry.size for entry in manifest.artifacts) / 1000
            row = f"{target:<14}{len(manifest.artifacts):>6}{size:>8.1f}"
            row += "".join(f"{each:>13.1f}" for each in times)
            if target in _RIVALS:
                rival, lay_out = _RIVALS[target]
                work = lay_out(folder / "dist" / manifest.artifacts[-1].file, folder)
                row += f"   {rival} {_least(runs, work):.1f} ms"
            print(row)


if __name__ == "__main__":
    main()

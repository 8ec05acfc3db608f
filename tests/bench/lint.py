"""Certificates per second: load and lint beside pkilint, on the same files in one run.

`python -m tests.bench.lint` needs `pip install pkilint` and the bundles, which it fetches once.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from builder.lint import Policy, lint
from builder.load import load
from tests.bench.needs import need
from tests.lint import bundles
from tests.lint.forge import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 7


def _ours(data: bytes) -> int:
    from builder import x509
    from builder.lint import known
    from builder.x509 import x500

    # Every round starts as a new process would.
    for cache in (x509.parse, x509.key, x500.attributes, x500._rdn, x500._pair, known._table):  # noqa: SLF001
        cache.cache_clear()
    loading = load(["-"], stdin=data)
    lint(
        loading.certificates,
        now=NOW,
        policy=Policy(expired="keep", intermediates="keep", public_roots="keep"),
    )
    return len(loading.certificates)


def _pkilint() -> Callable[[bytes], int]:
    """Return a run of pkilint's own RFC 5280 linter, set up as its command does."""
    from pkilint import loader
    from pkilint.pkix import certificate, extension, name

    validator = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )

    def run(data: bytes) -> int:
        ders = [item.der for item in load(["-"], stdin=data).certificates]
        for der in ders:
            validator.validate(loader.load_certificate(der, "bench").root)
        return len(ders)

    return run


def _rates(run: Callable[[bytes], int], data: bytes, rounds: int) -> tuple[float, float]:
    """Return the median rates by the wall clock and of processor time."""
    walls, times = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        count = run(data)
        walls.append(count / (time.perf_counter() - wall))
        times.append(count / (time.process_time() - cpu))
    return statistics.median(walls), statistics.median(times)


def main() -> None:
    """Print the median rate of each on each bundle."""
    need("lint", modules={"pkilint": "pip install pkilint"})
    pkilint = _pkilint()
    print("certificates per second by the wall clock, and of processor time")
    print(f"{'bundle':<10}{'trustpack':>16}{'pkilint':>16}")
    for path in (bundles.rds(), bundles.certifi()):
        data = path.read_bytes()
        ours, theirs = _rates(_ours, data, _ROUNDS), _rates(pkilint, data, 1)
        cells = (f"{wall:.0f}, {cpu:.0f}" for wall, cpu in (ours, theirs))
        print(f"{path.stem:<10}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()

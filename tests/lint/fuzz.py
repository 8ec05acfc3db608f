"""Coverage-guided fuzzing of loading and linting with atheris: a bounded smoke, or a long run by hand.

`python -m tests.lint.fuzz -max_total_time=3600` runs for an hour; needs `pip install atheris`.
"""

import sys

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["builder"]):
    from builder.lint import Policy, lint
    from builder.load import load

from tests.lint.faults import FAULTS
from tests.lint.forge import NOW

_SEEDS = sorted(FAULTS.values(), key=len)


def once(data: bytes) -> None:
    """Load and lint `data`; whatever it is, nothing may be raised."""
    loading = load(["-"], stdin=data)
    lint(loading.certificates, now=NOW, policy=Policy())


def _mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Start from one of the stored faults now and then, which no fuzzer would find by itself."""
    if seed % 16 == 0:
        data = _SEEDS[seed // 16 % len(_SEEDS)]
    return bytes(atheris.Mutate(data, max_size))[:max_size]


if __name__ == "__main__":
    atheris.Setup([*sys.argv, "-timeout=2", "-rss_limit_mb=2048"], once, custom_mutator=_mutate)
    atheris.Fuzz()

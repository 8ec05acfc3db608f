"""Coverage-guided fuzzing of loading and linting with atheris: a bounded smoke, or a long run by hand.

`python -m tests.lint.fuzz -max_total_time=3600` runs for an hour; needs `pip install atheris`.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["builder"]):
    from builder.lifecycle import keeping
    from builder.lint import Policy, known, lint, report
    from builder.lint.runtimes import judge
    from builder.load import load
    from builder.pipeline.domains import limits

from tests.lint.faults import FAULTS
from tests.lint.forge import NOW

_RUNTIMES = ("python3.11", "python3.13", "node20", "node24", "java17", "go1.22", "go1.26", "curl")
_SEEDS = sorted(FAULTS.values(), key=len)


def once(data: bytes) -> None:
    """Load, lint, judge and report `data`; whatever it is, nothing may be raised."""
    loading = load(["-"], stdin=data)
    bundle, wrong = lint(loading.certificates, now=NOW, policy=Policy(expired="keep"))
    findings = (*loading.findings, *wrong)
    verdicts = {item.sha256: judge(item, _RUNTIMES, now=NOW) for item in bundle.certificates}
    age = report.Age(known.list_date(), NOW)
    report.as_text(bundle.certificates, findings, verdicts, age)
    limited = keeping.value(limits(bundle, None, ()))
    report.as_json(bundle.certificates, findings, verdicts, age, limits=limited)
    report.as_sarif(findings, age, root=Path("/"))


def _mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Start from one of the stored faults now and then, which no fuzzer would find by itself."""
    if seed % 16 == 0:
        data = _SEEDS[seed // 16 % len(_SEEDS)]
    return bytes(atheris.Mutate(data, max_size))[:max_size]


if __name__ == "__main__":
    # Python and atheris take 61 MB; inputs of 4 KiB, as libFuzzer makes them, must not take as much again.
    atheris.Setup([*sys.argv, "-timeout=2", "-rss_limit_mb=300"], once, custom_mutator=_mutate)
    atheris.Fuzz()

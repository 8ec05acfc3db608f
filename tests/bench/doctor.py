"""What the doctor costs on a machine with 50 environments, beside what people do in its place.

That is to look for every cacert.pem by find, and to list each one's certificates by openssl.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from builder.prove import authority
from tests import releases
from tests.bench.needs import need

_ENVIRONMENTS = 50
_FILES = 1500  # of one environment, as a web application has


def _cost(words: list[str | Path]) -> tuple[float, float, float]:
    """Return the seconds, the processor's seconds and the megabytes of a command and its children."""
    script = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=False);"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)"
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    cpu, memory = map(float, done.stdout.split())
    return time.monotonic() - began, cpu, memory


def _machine(folder: Path, roots: bytes) -> Path:
    for number in range(_ENVIRONMENTS):
        site = folder / f"opt/app{number}/lib/python3.12/site-packages"
        for part in range(_FILES // 10):
            (site / f"package{part}").mkdir(parents=True)
            for file in range(10):
                (site / f"package{part}/module{file}.py").write_bytes(b"")
        (site / "certifi").mkdir()
        (site / "certifi/cacert.pem").write_bytes(roots + b"# %d\n" % number)  # each of another content
        (site / "pip/_vendor/certifi").mkdir(parents=True)
        (site / "pip/_vendor/certifi/cacert.pem").write_bytes(roots + b"# %d, pip\n" % number)
    (folder / "etc").mkdir()
    (folder / "etc/os-release").write_text("ID=debian\n")
    return folder


def main() -> None:
    """Print both, as medians of three runs."""
    need("doctor", programs={"openssl": "apt install openssl", "find": "apt install findutils"})
    now = dt.datetime.now(dt.UTC)
    acme = authority.create("Acme Root", now=now)
    roots = b"".join(authority.create(f"Public {number}", now=now).pem for number in range(144))
    with tempfile.TemporaryDirectory() as scratch:
        machine = _machine(Path(scratch, "machine"), roots)
        pyz = releases.build(Path(scratch, "built"), "acme", [acme], target="doctor", release="1")[0]
        by_hand = f"find {machine} -name cacert.pem -exec openssl storeutl -noout -text -certs {{}} ';'"
        commands: dict[str, list[str | Path]] = {
            "doctor": [sys.executable, "-I", pyz, "--json", "--root", machine],
            "find and openssl": ["sh", "-c", by_hand],
        }
        for name, words in commands.items():
            runs = sorted(_cost(words) for _ in range(3))
            seconds, cpu, memory = runs[1]
            print(f"{name:18} {seconds:6.2f} s  {cpu:6.2f} s CPU  {memory:6.1f} MB")


if __name__ == "__main__":
    main()

"""Write builder/lint/handshakes.csv: `python -m tests.lint.measure [RUNTIME ...]`.

Every build at hand, or those whose names begin so, shakes hands under every root of defects.py. Columns of
builds that are not at hand stay as they are. Go's toolchains are fetched first, which Go checks by its
checksum database; it takes some minutes and 2 GB the first time.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from builder.lint.measured import TABLE, Build, measured
from tests import roots
from tests.lint import builds, defects, handshakes
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# The last of each minor version that the module proxy has, from Debian 12's on.
_GO = ("1.19.13", "1.20.14", "1.21.13", "1.22.12", "1.23.12", "1.24.13", "1.25.14", "1.26.11", "1.27.4")
_CELLS = {True: "yes", False: "no", None: ""}
_ORDER = ("python", "node", "bun", "deno", "java", "go", "ruby", "php", "curl", "wget", "openssl", "nss")


def main(wanted: Sequence[str]) -> None:
    """Measure, and write what changed into the table."""
    _fetch_toolchains()
    found = [item for item in builds.at_hand() if item.runtime.startswith(tuple(wanted) or "")]
    now = dt.datetime.now(dt.UTC)
    made = defects.roots(now)
    with tempfile.TemporaryDirectory() as folder, handshakes.trial(made, Path(folder)) as tried:
        shaken = [asked for item in found if (asked := _ask(item, tried, now))]
    known = {(item.runtime, item.library): item for item in measured()} if TABLE.exists() else {}
    known |= {(item.runtime, item.library): item for item in shaken}
    TABLE.write_text(as_table(known.values(), made), "utf-8", newline="")
    if len(shaken) < len(found):
        sys.exit("error: some builds were not measured: see above")


def _fetch_toolchains() -> None:
    cache = roots.folder() / "go-toolchains"
    words = {"PATH": os.defpath, "HOME": str(cache), "GOMODCACHE": str(cache)}
    words |= {"GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw"}
    for version in _GO:
        name = f"golang.org/toolchain@v0.0.1-go{version}.linux-amd64"
        if not (cache / name).is_dir():
            subprocess.run([require("go"), "mod", "download", name], env=words, check=True, cwd="/")
        # In its cache of modules Go lets nothing be run.
        for program in (*(cache / name).glob("bin/*"), *(cache / name).glob("pkg/tool/*/*")):
            program.chmod(0o755)


def _ask(item: builds.Build, tried: handshakes.Trial, now: dt.datetime) -> Build | None:
    """Return what a build answered; None, and say why, where its answers make no sense."""
    try:
        answers = merged(item.runtime, handshakes.verdicts(item, tried))
    except AssertionError as error:
        _say(f"{item.runtime}, {item.version}: {error}")
        return None
    refused = sum(answer is False for answer in answers.values())
    _say(f"{item.runtime}, {item.version}: refuses {refused} of {len(answers)}")
    return Build(item.runtime, item.library, item.version, now.date().isoformat(), answers)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def merged(runtime: str, shown: Mapping[str, bool | None]) -> dict[str, bool]:
    """Return the answer of each condition, whose witnesses must agree; raises AssertionError."""
    answers: dict[str, bool] = {}
    for name, answer in shown.items():
        condition = name.partition("/")[0]
        if answer is not None:
            assert answers.setdefault(condition, answer) == answer, f"{runtime} tells {name} from its like"
    return answers


def as_table(known: Iterable[Build], names: Iterable[str]) -> str:
    """Return the table's text: a column for each build, by kind and version, and a row for each condition."""
    columns = sorted(known, key=_place)
    rows = [
        ("runtime", *(item.runtime for item in columns)),
        ("library", *(item.library for item in columns)),
        ("version", *(item.version for item in columns)),
        ("measured", *(item.measured for item in columns)),
    ]
    known_names = dict.fromkeys(name.partition("/")[0] for name in names)
    rows += [(name, *(_CELLS[item.answers.get(name)] for item in columns)) for name in known_names]
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
        file.seek(0)
        return file.read()


def _place(item: Build) -> tuple[int, list[int], str]:
    kind = item.runtime.rstrip("0123456789.")
    return (
        _ORDER.index(kind),
        [int(part) for part in item.runtime.removeprefix(kind).split(".")],
        item.library,
    )


if __name__ == "__main__":
    main(sys.argv[1:])

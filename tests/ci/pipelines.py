"""GitLab's side of a pipeline, as far as ours needs it: rules, jobs, variables and artifacts.

The lines of a `script:` are one script, as the runner makes it of them; the shell that it starts executes it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tests.ci.projects import git, installs_again
from tests.ci.standins import JWT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_COMPARISON = re.compile(r'\$(\w+) (==|=~) (?:"(.*)"|\$(\w+)|/(.*)/)')


@dataclass
class Runner:
    """What pipelines share: the repository, a folder for what they leave, a machine, settings by environment.

    The settings of environment "" are every job's.
    """

    origin: Path
    folder: Path
    machine: Mapping[str, str]
    settings: Mapping[str, Mapping[str, str]]
    pipelines: int = 0
    installed: set[str] = field(default_factory=set)

    def run(
        self,
        variables: Mapping[str, str],
        *,
        between: Callable[[str, Path], None] = lambda _job, _folder: None,
        skipping: tuple[str, ...] = (),
    ) -> dict[str, tuple[int, str]]:
        """Run the pipeline for an event; return each job's status, and what it said, until one fails.

        `between` is called with each job's name and folder when that has ended. A line that begins with one
        of `skipping` is left out.
        """
        self.pipelines += 1
        file = yaml.safe_load((self.origin / ".gitlab-ci.yml").read_text("utf-8"))
        given = {"CI_DEFAULT_BRANCH": "main", **variables}
        assert _wanted(file["workflow"], given)
        defaults = {
            name: one["value"] if isinstance(one, dict) else one for name, one in file["variables"].items()
        }
        done: dict[str, tuple[int, str]] = {}
        for name, job in _jobs(file):
            if not _wanted(job, given):
                continue
            work = self.folder / f"{self.pipelines}-{name}"
            work.mkdir(parents=True)
            reported = self._prepared(job, work, given)
            environment = {
                **defaults, **self.settings[""], **self.settings.get(job.get("environment", ""), {}),
                **job.get("variables", {}), **given, **reported, **self.machine,
                **dict.fromkeys(job.get("id_tokens", {}), JWT),
            }  # fmt: skip
            lines = [line for line in _lines(job["script"]) if not installs_again(line, work, self.installed)]
            done[name] = _executed(lines, work, environment, skipping)
            if done[name][0]:
                break
            assert all((work / path).is_file() for path in job.get("artifacts", {}).get("paths", []))
            between(name, work)
        return done

    def kept(self, job: str) -> Path:
        """Return the folder of a job of the newest pipeline that has run it."""
        return self.folder / f"{self.pipelines}-{job}"

    def _prepared(self, job: Mapping[str, Any], work: Path, given: Mapping[str, str]) -> dict[str, str]:
        """Fill a job's folder as the runner does; return the variables that jobs before it report."""
        if job.get("variables", {}).get("GIT_STRATEGY") != "none":
            git(work, "clone", "--quiet", str(self.origin), ".")
            git(work, "checkout", "--quiet", given.get("CI_COMMIT_SHA", "HEAD"))
        reported: dict[str, str] = {}
        for name in job.get("needs", []):
            earlier = yaml.safe_load((self.origin / ".gitlab-ci.yml").read_text("utf-8"))[name]["artifacts"]
            for path in earlier["paths"]:
                shutil.copy(self.kept(name) / path, work / path)
            lines = (self.kept(name) / earlier["reports"]["dotenv"]).read_text().splitlines()
            reported |= dict(line.split("=", 1) for line in lines)
        return reported


def _jobs(file: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the jobs stage by stage, each with what it extends."""
    for stage in file["stages"]:
        for name, section in file.items():
            if isinstance(section, dict) and section.get("stage") == stage:
                yield name, {**file.get(section.get("extends", ""), {}), **section}


def _lines(script: list[Any]) -> Iterator[str]:
    """Yield the lines of a script, in which another may stand as one of them."""
    for line in script:
        yield from (line,) if isinstance(line, str) else _lines(line)


def _wanted(section: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
    """Tell whether a rule holds, or there is none; which files have changed is not asked."""
    rules = section.get("rules")
    return rules is None or any(
        all(_holds(part, variables) for part in rule["if"].split(" && ")) for rule in rules
    )


def _holds(comparison: str, variables: Mapping[str, str]) -> bool:
    match = _COMPARISON.fullmatch(comparison)
    assert match, comparison
    name, operator, text, other, pattern = match.groups()
    value = variables.get(name)
    if operator == "=~":
        return value is not None and re.search(pattern, value) is not None
    return value == (variables.get(other) if other else text)


def _executed(
    lines: list[str], work: Path, environment: Mapping[str, str], skipping: tuple[str, ...]
) -> tuple[int, str]:
    script = work.with_suffix(".script")
    script.write_text("\n".join(line for line in lines if not line.startswith(skipping or ("\0",))))
    done = subprocess.run(
        ["bash", "-eo", "pipefail", str(script)], cwd=work, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout

"""GitHub's side of a workflow, as far as ours need it: jobs, expressions, outputs and artifacts.

Every `run:` is executed as it stands, by the shell that GitHub starts, those of an
action in the repository, too. Of others only those of our workflows are known.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.ci.projects import git, installs_again

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SHELLS = {
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    "python": ["python"],
}
_TOKEN = re.compile(r"'[^']*'|[A-Za-z_][\w.-]*|&&|\|\||[!=]=|[!()]|\s+")
_WORDS = {"&&": " and ", "||": " or ", "!": " not ", "true": "True", "false": "False"}
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")

Artifacts = dict[tuple[str, str], "Path"]


@dataclass(frozen=True)
class Done:
    """How a job ended (success, failure or skipped), what it said, and its outputs."""

    result: str
    said: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """What runs share: the repository, a folder for what they leave, their environment and settings."""

    origin: Path
    folder: Path
    environment: Mapping[str, str]
    settings: Mapping[str, Mapping[str, str]]  # secrets and vars
    artifacts: Artifacts = field(default_factory=dict)
    pages: Path | None = None  # what is served there
    runs: int = 0
    installed: set[str] = field(default_factory=set)

    def run(
        self,
        name: str,
        github: Mapping[str, Any],
        *,
        inputs: Mapping[str, str] | None = None,
        between: Callable[[str], None] = lambda _job: None,
        skipping: tuple[str, ...] = (),
    ) -> dict[str, Done]:
        """Run a workflow of the repository; `between` is called with each job's name when that has ended.

        A `run:` that begins with one of `skipping` is left out.
        """
        self.runs += 1
        workflow = yaml.safe_load((self.origin / ".github/workflows" / name).read_text("utf-8"))
        done: dict[str, Done] = {}
        for job, section in workflow["jobs"].items():
            needs = [section["needs"]] if isinstance(section.get("needs"), str) else section.get("needs", [])
            context = {
                "github": {"event_name": "push", "ref": "refs/heads/main", "token": "t0ken", **github},
                "needs": {one: {"outputs": done[one].outputs} for one in needs},
                "inputs": dict(inputs or {}),
                **self.settings,
            }
            ready = all(done[one].result == "success" for one in needs)
            if ready and _evaluated(section.get("if", "true"), context):
                run = _Job(self, str(self.runs), self.folder / f"{self.runs}-{job}", context, skipping)
                done[job] = run.ended(workflow, section)
            else:
                done[job] = Done("skipped")
            between(job)
        return done


@dataclass
class _Job:
    """One job at work, in a folder of its own."""

    service: Service
    run: str
    folder: Path
    context: dict[str, Any]
    skipping: tuple[str, ...]
    said: str = ""

    def ended(self, workflow: Mapping[str, Any], section: Mapping[str, Any]) -> Done:
        for name in ("workspace", "temporary"):
            (self.folder / name).mkdir(parents=True)
        self.context["steps"] = {}
        self.context["runner"] = {"temp": str(self.folder / "temporary")}
        default = workflow.get("defaults", {}).get("run", {}).get("shell", "bash")
        environment = {**workflow.get("env", {}), **section.get("env", {})}
        for step in section["steps"]:
            if not _evaluated(step.get("if", "true"), self.context):
                continue
            if not self._step(step, {**environment, **step.get("env", {})}, default):
                return Done("failure", self.said)
        outputs = {key: _filled(text, self.context) for key, text in section.get("outputs", {}).items()}
        return Done("success", self.said, outputs)

    def _step(self, step: Mapping[str, Any], environment: Mapping[str, str], shell: str) -> bool:
        if "uses" in step:
            given = {key: _filled(str(value), self.context) for key, value in step.get("with", {}).items()}
            name = step["uses"].split("@")[0]
            return self._own(name, given, environment) if name[0] == "." else self._action(name, given)
        folder = self.folder / "workspace" / _filled(step.get("working-directory", "."), self.context)
        if step["run"].startswith(self.skipping or ("\0",)):
            return True
        if installs_again(step["run"], folder, self.service.installed):
            return True
        number = len(list(self.folder.iterdir()))
        script, output = self.folder / f"{number}.script", self.folder / f"{number}.output"
        script.write_text(step["run"], "utf-8")
        output.touch()
        done = subprocess.run(
            [*_SHELLS[step.get("shell", shell)], str(script)],
            cwd=folder,
            env={
                **self.service.environment,
                **{key: _filled(str(value), self.context) for key, value in environment.items()},
                "GITHUB_OUTPUT": str(output),
                "GITHUB_REPOSITORY": "acme/trust",
                "GITHUB_REPOSITORY_OWNER": "acme",
                "GITHUB_WORKSPACE": str(self.folder / "workspace"),
                "RUNNER_TEMP": str(self.folder / "temporary"),
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=300, check=False,
        )  # fmt: skip
        self.said += done.stdout
        if "id" in step:
            found = dict(line.split("=", 1) for line in output.read_text().splitlines())
            self.context["steps"][step["id"]] = {"outputs": found}
        return done.returncode == 0

    def _own(self, name: str, given: Mapping[str, str], environment: Mapping[str, str]) -> bool:
        """Run the steps of an action that lies in what was checked out."""
        folder = self.folder / "workspace" / name
        action = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
        assert given.keys() <= action["inputs"].keys()
        outside = self.context["inputs"]
        defaults = {key: one["default"] for key, one in action["inputs"].items()}
        self.context["inputs"] = {**defaults, **given}
        here = {**environment, "GITHUB_ACTION_PATH": str(folder)}
        succeeded = all(
            self._step(step, {**here, **step.get("env", {})}, "")
            for step in action["runs"]["steps"]
            if _evaluated(step.get("if", "true"), self.context)
        )
        self.context["inputs"] = outside
        return succeeded

    def _action(self, name: str, given: Mapping[str, str]) -> bool:
        workspace, artifacts = self.folder / "workspace", self.service.artifacts
        if name == "actions/checkout":
            git(workspace, "clone", "--quiet", str(self.service.origin), ".")
            git(workspace, "checkout", "--quiet", self.context["github"].get("sha", "HEAD"))
        elif name == "actions/upload-artifact":
            kept = self.folder / given["name"]
            kept.mkdir()
            shutil.copy(workspace / given["path"], kept)
            artifacts[given.get("run-id", self.run), given["name"]] = kept
        elif name == "actions/download-artifact":
            found = artifacts.get((given.get("run-id", self.run), given["name"]))
            if found is None:
                return False
            into = workspace / given.get("path", ".")
            shutil.copytree(found, into, symlinks=True, dirs_exist_ok=True)
        elif name == "actions/attest":
            subjects = sorted(Path("/").glob(given["subject-path"].lstrip("/")))
            self.said += "".join(f"attested {path.name}\n" for path in subjects)
            return bool(subjects)
        elif name == "actions/upload-pages-artifact":
            kept = self.folder / "pages"
            shutil.copytree(workspace / given["path"], kept, ignore=shutil.ignore_patterns(".*"))
            artifacts[self.run, "github-pages"] = kept
        elif name == "actions/deploy-pages":
            assert self.service.pages is not None
            shutil.rmtree(self.service.pages, ignore_errors=True)
            shutil.copytree(artifacts[self.run, "github-pages"], self.service.pages)
        else:
            assert name == "actions/setup-python", name  # it is on the path already
        return True


def _evaluated(text: object, context: Mapping[str, Any]) -> Any:
    """Return the value of an expression: names, strings, ==, !=, &&, ||, ! and brackets."""
    expression = str(text).lower() if isinstance(text, bool) else str(text)
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == expression, expression
    parts = [
        _WORDS.get(token) or (f"look({token!r})" if re.match("[A-Za-z_]", token) else token)
        for token in tokens
    ]
    return eval("".join(parts).strip(), {"look": lambda name: _looked_up(name, context)})  # noqa: S307  ours


def _looked_up(name: str, context: Mapping[str, Any]) -> Any:
    found: Any = context
    for word in name.split("."):
        found = found.get(word, "") if hasattr(found, "get") else ""
    return found


def _filled(text: str, context: Mapping[str, Any]) -> str:
    """Return a text with the values of its expressions."""

    def value(match: re.Match[str]) -> str:
        found = _evaluated(match[1].strip(), context)
        return str(found).lower() if isinstance(found, bool) else str(found)

    return _EXPRESSION.sub(value, text)

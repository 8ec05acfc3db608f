"""`trustpack lint` and `trustpack explain`: what is wrong with a bundle, why, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from builder.cli import environment, options
from builder.errors import BundleError, PrivateKeyError
from builder.model import Origin, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.model import Finding
    from builder.pipeline.project import Project

Format = Literal["text", "json", "sarif"]
# Warnings alone end with 1; errors with the codes with which a build would refuse the bundle.
_WARNINGS = 1


def lint(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, - for standard input, https://…#sha256=…; without any, trustpack.yaml's."
        ),
    ] = None,
    *,
    config: options.Config = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = "text",
    runtimes: Annotated[
        str, typer.Option("--for", help="Runtimes to judge for, such as python3.13,java17,node20,go1.26.")
    ] = "",
    expired: options.Expired = None,
    intermediates: options.Intermediates = None,
    public_roots: options.PublicRoots = None,
    password_file: options.PasswordFile = None,
    fail_on: Annotated[
        Literal["error", "warning"], typer.Option(help="The least severity that makes the command fail.")
    ] = "warning",
    now: options.Now = None,
) -> None:
    """Say what is wrong with a CA bundle.

    Exits with 0 where nothing is, 1 for warnings, 4 for errors, 5 for a private key.
    """
    from builder.config import FILE_NAME
    from builder.lint import known, report
    from builder.lint.runtimes import judge
    from builder.pipeline.accept import Treatments, examine

    wanted = tuple(filter(None, (name.strip() for name in runtimes.split(","))))
    project = _project(inputs, config, now)
    moment = project.now if project else environment.clock(now)
    bundle, findings = examine(
        inputs or (),
        project,
        now=moment,
        access=environment.access(password_file),
        treatments=Treatments(expired, intermediates, public_roots),
    )
    age = report.Age(known.list_date(), moment)
    findings = (*findings, *known.age(moment, Origin(inputs[0] if inputs else FILE_NAME)))
    verdicts = (
        {item.sha256: judge(item, wanted, now=moment) for item in bundle.certificates} if wanted else {}
    )
    if form == "json":
        typer.echo(report.as_json(bundle.certificates, findings, verdicts, age), nl=False)
    elif form == "sarif":
        typer.echo(report.as_sarif(findings, age, root=Path.cwd()), nl=False)
    else:
        typer.echo(report.as_text(bundle.certificates, findings, verdicts, age), nl=False)
    raise typer.Exit(_exit_code(findings, fail_on))


def explain(
    rule: Annotated[
        str | None, typer.Argument(help="The rule; without it, all are listed.", autocompletion=options.rules)
    ] = None,
) -> None:
    """Explain a rule of the linter, or list them all.

    How bad it is, why it matters and what to do.
    """
    from builder.rules import RULES, unknown

    if rule is None:
        width = max(map(len, RULES))
        for item in RULES.values():
            typer.echo(f"{item.id:<{width}}  {item.severity.name.lower():<7}  {item.why}")
        return
    if rule not in RULES:
        raise unknown(rule)
    item = RULES[rule]
    typer.echo(f"{item.id}: {item.severity.name.lower()} about the {item.group}\n")
    typer.echo(f"Why: {item.why}.")
    typer.echo(f"To do: {item.todo}.")
    if item.severity is Severity.ERROR:
        how = "no override is possible" if item.final else "bundle.overrides in trustpack.yaml, until a day"
        typer.echo(f"To accept it all the same: {how}.")


def _project(inputs: list[str] | None, config: Path | None, now: str | None) -> Project | None:
    """Return the project, if there is one or has to be."""
    from builder.config import FILE_NAME

    if config is None and inputs and not Path(FILE_NAME).exists():
        return None
    return environment.project(config=config, now=now)


def _exit_code(findings: Sequence[Finding], fail_on: Literal["error", "warning"]) -> int:
    worst = max((finding.severity for finding in findings), default=Severity.NOTE)
    if any(finding.rule == "private-key" for finding in findings):
        return PrivateKeyError.exit_code
    if worst is Severity.ERROR:
        return BundleError.exit_code
    return _WARNINGS if worst is Severity.WARNING and fail_on == "warning" else 0

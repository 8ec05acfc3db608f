"""`trustpack lint` and `trustpack explain`: what is wrong with a bundle, why, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from builder.cli import environment, options
from builder.errors import BundleError, PrivateKeyError
from builder.model import Origin, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.model import Finding
    from builder.pipeline.project import Project
    from builder.rules import Rule

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
    realm: options.Realm = None,
    form: Annotated[
        Literal["text", "json", "sarif"] | None,
        typer.Option("--format", help="How to print.  [default: text]"),
    ] = None,
    json: options.Json = False,
    runtimes: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            help="Runtimes to judge for, such as python3.13,java17,node20,go1.26; repeatable, too.",
            metavar="<runtime>",
            autocompletion=options.runtimes,
            callback=options.several,
        ),
    ] = None,
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
    from builder.lifecycle import keeping
    from builder.lint import known, report
    from builder.lint.runtimes import judge
    from builder.pipeline.accept import Treatments, examine
    from builder.pipeline.domains import limits, targets

    chosen = options.chosen(form, json=json)
    wanted = tuple(runtimes or ())
    project = _project(inputs, options.Bundled(config, realm), now)
    moment = project.now if project else environment.clock(now)
    if project and not inputs:
        environment.tell_realms(project)
    bundle, findings = examine(
        inputs or (),
        project,
        now=moment,
        access=environment.access(password_file),
        treatments=Treatments(expired, intermediates, public_roots),
    )
    own = project if not inputs else None
    found = limits(bundle, own, targets(own)) if own else limits(bundle, None, ())
    age = report.Age(known.list_date(), moment)
    findings = (*findings, *known.age(moment, Origin(inputs[0] if inputs else FILE_NAME)))
    verdicts = (
        {item.sha256: judge(item, wanted, now=moment) for item in bundle.certificates} if wanted else {}
    )
    if chosen == "json":
        limited = keeping.value(found)
        typer.echo(report.as_json(bundle.certificates, findings, verdicts, age, limits=limited), nl=False)
    elif chosen == "sarif":
        typer.echo(report.as_sarif(findings, age, root=Path.cwd()), nl=False)
    else:
        typer.echo(report.as_text(bundle.certificates, findings, verdicts, age), nl=False)
        typer.echo("".join(f"{line}\n" for line in keeping.lines(found)), nl=False)
    raise typer.Exit(_exit_code(findings, fail_on))


def explain(
    rules: Annotated[
        list[str] | None,
        typer.Argument(help="The rules; without any, all are listed.", autocompletion=options.rules),
    ] = None,
    *,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Explain rules of the linter, or list them all.

    How bad each is, why it matters and what to do.
    """
    from builder.rules import RULES, unknown

    chosen = options.chosen(form, json=json)
    for rule in rules or ():
        if rule not in RULES:
            raise unknown(rule)
    items = [RULES[rule] for rule in dict.fromkeys(rules or RULES)]
    if chosen == "json":
        from builder.text.printed import printed

        typer.echo(printed({"rules": [_described(item) for item in items]}), nl=False)
    elif rules:
        typer.echo("\n\n".join(_explained(item) for item in items))
    else:
        width = max(map(len, RULES))
        for item in items:
            typer.echo(f"{item.id:<{width}}  {item.severity.name.lower():<7}  {item.why}")


def _described(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "severity": rule.severity.name.lower(),
        "group": rule.group,
        "why": rule.why,
        "todo": rule.todo,
        "override": rule.severity is Severity.ERROR and not rule.final,
    }


def _explained(rule: Rule) -> str:
    lines = [
        f"{rule.id}: {rule.severity.name.lower()} about the {rule.group}",
        "",
        f"Why: {rule.why}.",
        f"To do: {rule.todo}.",
    ]
    if rule.severity is Severity.ERROR:
        how = "no override is possible" if rule.final else "bundle.overrides in trustpack.yaml, until a day"
        lines.append(f"To accept it all the same: {how}.")
    return "\n".join(lines)


def _project(inputs: list[str] | None, bundled: options.Bundled, now: str | None) -> Project | None:
    """Return the project, if there is one or has to be."""
    from builder.config import FILE_NAME

    if bundled == (None, None) and inputs and not Path(FILE_NAME).exists():
        return None
    return environment.project(bundled=bundled, now=now)


def _exit_code(findings: Sequence[Finding], fail_on: Literal["error", "warning"]) -> int:
    worst = max((finding.severity for finding in findings), default=Severity.NOTE)
    if any(finding.rule == "private-key" for finding in findings):
        return PrivateKeyError.exit_code
    if worst is Severity.ERROR:
        return BundleError.exit_code
    return _WARNINGS if worst is Severity.WARNING and fail_on == "warning" else 0

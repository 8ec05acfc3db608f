"""`trustpack lint` and `trustpack explain`: what is wrong with a bundle, why, and what to do."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from builder.cli import options
from builder.errors import BundleError, ConfigError, PrivateKeyError, UsageError
from builder.model import Origin, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.cli.settings import Chosen
    from builder.config import BundleSection, OverrideSection
    from builder.lint import Override, Policy
    from builder.load import Loading
    from builder.model import Certificate, Finding

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
    from builder.cli import settings
    from builder.lint import lint as check
    from builder.lint import report
    from builder.lint.runtimes import judge

    moment = settings.clock(now)
    wanted = tuple(filter(None, (name.strip() for name in runtimes.split(","))))
    chosen = _chosen(inputs, config)
    paths, folder = (chosen.config.bundle.paths, chosen.folder) if chosen and not inputs else (inputs, Path())
    loading = read(paths or (), folder=folder, password_file=password_file)
    rules = policy(chosen, expired=expired, intermediates=intermediates, public_roots=public_roots)
    shipped, blocked = (loading.certificates, ()) if inputs else _parted(loading.certificates, chosen)
    bundle, findings = check(shipped, now=moment, policy=rules, distrusted=blocked)
    findings = loading.findings + findings
    verdicts = (
        {item.sha256: judge(item, wanted, now=moment) for item in bundle.certificates} if wanted else {}
    )
    if form == "json":
        typer.echo(report.as_json(bundle.certificates, findings, verdicts), nl=False)
    elif form == "sarif":
        typer.echo(report.as_sarif(findings, root=Path.cwd()), nl=False)
    else:
        typer.echo(report.as_text(bundle.certificates, findings, verdicts), nl=False)
    raise typer.Exit(_exit_code(findings, fail_on))


def explain(
    rule: Annotated[
        str | None, typer.Argument(help="The rule; without it, all are listed.", autocompletion=options.rules)
    ] = None,
) -> None:
    """Explain a rule of the linter, or list them all.

    How bad it is, why it matters and what to do.
    """
    from builder.lint.rules import RULES

    if rule is None:
        width = max(map(len, RULES))
        for item in RULES.values():
            typer.echo(f"{item.id:<{width}}  {item.severity.name.lower():<7}  {item.why}")
        return
    if rule not in RULES:
        raise _unknown(rule)
    item = RULES[rule]
    typer.echo(f"{item.id}: {item.severity.name.lower()} about the {item.group}\n")
    typer.echo(f"Why: {item.why}.")
    typer.echo(f"To do: {item.todo}.")
    if item.severity is Severity.ERROR:
        how = "no override is possible" if item.final else "bundle.overrides in trustpack.yaml, until a day"
        typer.echo(f"To accept it all the same: {how}.")


def read(inputs: Sequence[str], *, folder: Path = Path(), password_file: Path | None = None) -> Loading:
    """Load `inputs`, with standard input and passwords: from `password_file`, or asked for on a terminal."""
    from builder.load import STDIN, load
    from builder.load.source import MAX_BYTES

    if "" in inputs:
        # It would stand for the folder that the command runs in, with whatever lies there.
        raise UsageError("an input is empty", hint="is a variable of the shell not set?")
    stdin = sys.stdin.buffer.read(MAX_BYTES + 1) if STDIN in inputs else b""
    passwords = _passwords(password_file)
    loading = load(inputs, folder=folder, stdin=stdin, passwords=passwords)
    locked = [finding for finding in loading.findings if finding.rule == "password-needed"]
    if locked and not passwords and STDIN not in inputs and sys.stdin.isatty():
        entered = typer.prompt(f"Password of {locked[0].origin.path}", hide_input=True, err=True)
        loading = load(inputs, folder=folder, stdin=stdin, passwords=(entered,))
    return loading


def _passwords(file: Path | None) -> tuple[str, ...]:
    if file is None:
        return ()
    try:
        return tuple(file.read_text("utf-8").splitlines())
    except OSError as error:
        raise UsageError(f"--password-file {file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        # What it holds must not be shown, so neither is Python's own message.
        raise UsageError(f"--password-file {file}: cannot be read as UTF-8 text") from None


def _chosen(inputs: Sequence[str] | None, file: Path | None) -> Chosen | None:
    """Return the configuration, if there is one or has to be."""
    from builder import config
    from builder.cli.settings import Chosen

    default = Path(config.FILE_NAME)
    if file is None and inputs and not default.exists():
        return None
    file = file or default
    return Chosen(config.read(file), file.parent, file)


def _parted(
    certificates: Sequence[Certificate], chosen: Chosen | None
) -> tuple[Sequence[Certificate], Sequence[Certificate]]:
    """Return what is shipped, and what is distrusted, whose faults may be why."""
    from builder.cli.accept import lifecycle

    return lifecycle(chosen).parted(certificates) if chosen else (certificates, ())


def policy(
    chosen: Chosen | None,
    *,
    expired: options.Treatment | None = None,
    intermediates: options.Treatment | None = None,
    public_roots: options.Treatment | None = None,
) -> Policy:
    """Return the configured policy, or the default one, with what the options replace; raises ConfigError."""
    from builder.lint import Policy

    section = chosen.config.bundle if chosen else _defaults()
    return Policy(
        expired=expired or section.expired,
        intermediates=intermediates or section.intermediates,
        public_roots=public_roots or section.public_roots,
        overrides=tuple(
            _override(item, _origin(chosen, i)) for i, item in enumerate(section.overrides) if chosen
        ),
    )


def _defaults() -> BundleSection:
    from builder.config import BundleSection

    return BundleSection(paths=[])


def _origin(chosen: Chosen, index: int) -> Origin:
    path, _, line = chosen.where(("bundle", "overrides", index)).rpartition(":")
    return Origin(path, int(line))


def _override(item: OverrideSection, origin: Origin) -> Override:
    from builder.lifecycle import plain
    from builder.lint import Override
    from builder.lint.rules import RULES

    where = f"{origin}: bundle.overrides"
    if item.rule not in RULES:
        raise ConfigError(f"{where}: {_unknown(item.rule)}", hint=_unknown(item.rule).hint)
    if RULES[item.rule].final:
        raise ConfigError(f"{where}: rule {item.rule} has no override")
    try:
        until = dt.date.fromisoformat(item.until)
    except ValueError:
        raise ConfigError(f"{where}: no calendar has the day {item.until}") from None
    return Override(item.rule, plain(item.fingerprint), item.reason, until, origin)


def _unknown(rule: str) -> UsageError:
    from difflib import get_close_matches

    from builder.lint.rules import RULES

    near = get_close_matches(rule, RULES, n=1)
    hint = f"did you mean {near[0]}?" if near else "trustpack explain lists them all"
    return UsageError(f"{rule}: there is no such rule", hint=hint)


def _exit_code(findings: Sequence[Finding], fail_on: Literal["error", "warning"]) -> int:
    worst = max((finding.severity for finding in findings), default=Severity.NOTE)
    if any(finding.rule == "private-key" for finding in findings):
        return PrivateKeyError.exit_code
    if worst is Severity.ERROR:
        return BundleError.exit_code
    return _WARNINGS if worst is Severity.WARNING and fail_on == "warning" else 0

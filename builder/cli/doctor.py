"""`trustpack doctor`: what machines really trust."""

from __future__ import annotations

import typer

from builder.cli.doctor_report import report

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("report")(report)


@app.callback()
def doctor() -> None:
    """Tell what machines really trust."""

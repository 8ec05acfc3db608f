"""`trustpack demo`: the whole promise in one command, with a throw-away CA."""

from __future__ import annotations

import typer


def demo() -> None:
    """Make a CA, build its packages, install the wheel, and watch HTTPS be refused, then accepted."""
    from builder.demo import run

    run(say=typer.echo)

"""`trustpack demo`: the whole promise in one command, with a throw-away CA."""

from __future__ import annotations

import typer


def demo() -> None:
    """Watch HTTPS be refused and accepted, with a throw-away CA.

    Its packages are built, and the wheel is installed into a fresh virtual environment and removed again.
    """
    from builder.demo import run

    run(say=typer.echo)

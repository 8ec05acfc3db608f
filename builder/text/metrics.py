"""Prometheus's text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from __future__ import annotations

from builder.text.quoting import visible


def gauge(name: str, text: str) -> list[str]:
    """Return the lines that say what a gauge is."""
    return [f"# HELP {name} {text}", f"# TYPE {name} gauge"]


def label(value: str) -> str:
    """Return what stands between the quotes of a label."""
    return visible(value).replace("\\", "\\\\").replace('"', '\\"')

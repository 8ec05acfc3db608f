"""The probes, in the order of their rows: each is a module with `rows(host)` and the names it has WANTED."""

from trust_doctor.probes import (
    browsers,
    containers,
    go,
    interpreters,
    java,
    macos,
    node,
    nss,
    processes,
    python,
    ruby,
    sandboxed,
    system,
    tools,
    uv,
    windows,
)

ALL = (
    system,
    tools,
    processes,
    windows,
    macos,
    python,
    uv,
    java,
    node,
    ruby,
    go,
    containers,
    nss,
    browsers,
    sandboxed,
    interpreters,
)

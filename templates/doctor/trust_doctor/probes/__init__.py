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
    python,
    ruby,
    sandboxed,
    system,
    uv,
    windows,
)

ALL = (
    system,
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

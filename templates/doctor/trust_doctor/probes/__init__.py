"""The probes, in the order of their rows: each is a module with `rows(host)` and the names it has WANTED."""

from trust_doctor.probes import system

ALL = (system,)

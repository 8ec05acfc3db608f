"""What this machine really trusts: read-only, by Python's standard library alone, from 3.6 on."""

VERSION = "0.1.0"  # of trustpack

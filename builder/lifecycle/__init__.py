"""Rotations as data: each CA's state, the lock and its history, what the next release changes, and expiry."""

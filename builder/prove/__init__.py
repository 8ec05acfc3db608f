"""The proof that a package makes clients trust its CA, by real TLS handshakes."""

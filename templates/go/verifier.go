package trust

import (
	"crypto/x509"
	"errors"
	"runtime"
	"strings"
)

// Who verifies a chain: neither where a program asks crypto/x509 by itself.
type side int

const (
	neither side = iota
	client
	server
)

// The methods in which the two sides of a connection verify each other: those of crypto/tls and of forks of it. Neither
// the chain nor the certificates tell which side asks: many leaves are good for both.
var sides = map[string]side{
	".(*Conn).verifyServerCertificate": client,
	".(*Conn).loadSession":             client, // whether a session is still good
	".(*Conn).processCertsFromClient":  server,
}

// notForClients lets a certificate of ours vouch for whatever a program verifies, but for a server's clients.
func notForClients(_ []*x509.Certificate) error {
	if verifier() == server {
		return errors.New(path + ": these CAs vouch for servers alone, and this is a client")
	}
	return nil
}

// onlyForServers lets it vouch for servers that a TLS client talks to, and for nothing else that a program verifies.
func onlyForServers(_ []*x509.Certificate) error {
	if verifier() != client {
		return errors.New(path + ": these CAs vouch for servers alone, and this is none that a client talks to")
	}
	return nil
}

// verifier returns the innermost side of a connection that is calling.
func verifier() side {
	callers := make([]uintptr, 32)
	for {
		found := runtime.Callers(1, callers)
		if found < len(callers) {
			callers = callers[:found]
			break
		}
		callers = make([]uintptr, 2*len(callers))
	}
	for frames := runtime.CallersFrames(callers); ; {
		frame, more := frames.Next()
		if at := strings.Index(frame.Function, ".(*Conn)."); at >= 0 {
			if found := sides[frame.Function[at:]]; found != neither {
				return found
			}
		}
		if !more {
			return neither
		}
	}
}

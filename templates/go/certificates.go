// Package trust lets a program's TLS clients trust the CA certificates beside this file, besides all that they trust
// already.
//
// To import it is enough for [http.DefaultTransport], and so for http.Get and every client without a transport of its
// own. Other clients take [Config] or [Pool], or all are reached at once by [Everywhere].
package trust

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed" // for the line below
	"encoding/pem"
	"slices"
	"sync"
)

//go:embed roots.pem
var roots string

// PEM returns the CA certificates as text, and none of those that the system trusts.
func PEM() string { return roots }

// Certificates returns the CA certificates, and none of those that the system trusts.
func Certificates() []*x509.Certificate { return slices.Clone(certificates()) }

// Pool returns a new pool of the system's roots with the CA certificates beside them, which vouch for servers alone.
func Pool() *x509.CertPool {
	pool := system().Clone()
	Add(pool)
	return pool
}

// Config returns a new configuration of a client that trusts [Pool].
func Config() *tls.Config { return &tls.Config{RootCAs: Pool()} }

// Add adds the CA certificates to a pool of one's own. They vouch for servers alone, also where a server has the pool.
func Add(pool *x509.CertPool) { add(pool, notForClients) }

// certificates leaves out what this version of Go cannot parse, since its verifier could not either.
var certificates = sync.OnceValue(func() []*x509.Certificate {
	var found []*x509.Certificate
	for rest := []byte(roots); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, certificate)
		}
	}
})

// system is read before Everywhere changes what it holds.
var system = sync.OnceValue(func() *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil { // as where there is none: then these are the only ones
		return x509.NewCertPool()
	}
	return pool
})

// add asks allowed about each chain that ends in one of the certificates, and then the certificate's own domains.
func add(pool *x509.CertPool, allowed func(chain []*x509.Certificate) error) {
	for _, certificate := range certificates() {
		if !isBeyondItself(certificate) {
			pool.AddCertWithConstraint(certificate, limited(certificate, allowed))
		}
	}
}

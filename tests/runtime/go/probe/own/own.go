// Package own names the roots of http.DefaultTransport, or replaces it, before any package whose path is later does.
package own

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
)

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrNotSupported }

func init() {
	switch os.Getenv("OWN") {
	case "roots":
		pool := x509.NewCertPool()
		text, _ := os.ReadFile(os.Getenv("OWN_ROOTS"))
		pool.AppendCertsFromPEM(text)
		http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	case "plain":
		http.DefaultTransport = &http.Transport{}
	case "replaced":
		http.DefaultTransport = refusing{}
	}
}

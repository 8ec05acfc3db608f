package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Each opens a URL as programs do. Files of other build tags add theirs.
var clients = map[string]func(url string) error{
	"http.Get": get,
	"DefaultTransport": func(url string) error {
		transport, ok := http.DefaultTransport.(*http.Transport)
		if !ok {
			return errors.ErrUnsupported
		}
		return over(transport.Clone(), url)
	},
	"Transport": func(url string) error { return over(&http.Transport{}, url) },
	"Transport of its own": func(url string) error {
		return over(&http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}, url)
	},
	"tls.Dial": func(url string) error { return dial(url, nil) },
	"tls.Config": func(url string) error {
		return dial(url, &tls.Config{MaxVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.CurveP256}})
	},
	"RootCAs":        func(url string) error { return dial(url, &tls.Config{RootCAs: own()}) },
	"empty RootCAs":  func(url string) error { return dial(url, &tls.Config{RootCAs: x509.NewCertPool()}) },
	"Verify by hand": byHand,
}

func get(url string) error { return closed(http.Get(url)) }

func over(transport *http.Transport, url string) error {
	defer transport.CloseIdleConnections()
	return closed((&http.Client{Transport: transport}).Get(url))
}

func closed(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func address(url string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	return host
}

func dial(url string, config *tls.Config) error {
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", address(url), config)
	if err != nil {
		return err
	}
	return connection.Close()
}

// own returns the roots that a program names itself: those in OWN_ROOTS, if any.
func own() *x509.CertPool {
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(os.Getenv("OWN_ROOTS"))
	pool.AppendCertsFromPEM(text)
	return pool
}

// byHand verifies in the callback of a client that does not verify by itself, as some libraries do.
func byHand(url string) error {
	config := &tls.Config{InsecureSkipVerify: true}
	config.VerifyConnection = func(state tls.ConnectionState) error {
		rest := x509.NewCertPool()
		for _, certificate := range state.PeerCertificates[1:] {
			rest.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: state.ServerName, Intermediates: rest})
		return err
	}
	return dial(url, config)
}

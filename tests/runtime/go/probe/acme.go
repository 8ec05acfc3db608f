//go:build acme

package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strconv"

	"acme.internal/ca/trust"
)

func init() {
	clients["trust.Config"] = func(url string) error {
		return over(&http.Transport{TLSClientConfig: trust.Config()}, url)
	}
	clients["trust.Add"] = func(url string) error {
		pool := own()
		trust.Add(pool)
		return dial(url, &tls.Config{RootCAs: pool})
	}
	servers["trust.Pool"] = func(folder, file string) error {
		return serve(folder, file, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trust.Pool()})
	}
	servers["its own copy"] = func(folder, file string) error {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(trust.PEM()))
		return serve(folder, file, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})
	}
	sights["certificates"] = func(string) string { return strconv.Itoa(len(trust.Certificates())) }
	sights["trust.Pool for a certificate by itself"] = func(folder string) string {
		certificate, err := x509.ParseCertificate(load(folder, "leaf.pem").Certificate[0])
		if err != nil {
			return err.Error()
		}
		_, err = certificate.Verify(x509.VerifyOptions{Roots: trust.Pool()})
		return said(err)
	}
}

// Command handshake reads lines of name, CA file and port; it prints name and whether a TLS handshake is accepted.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
)

func handshake(authority, port string) error {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return errors.New("the root cannot be parsed")
	}
	connection, err := tls.Dial("tcp", "localhost:"+port, &tls.Config{RootCAs: roots})
	if err != nil {
		return err
	}
	return connection.Close()
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		if err := handshake(parts[1], parts[2]); err != nil {
			fmt.Printf("%s\tfails\t%v\n", parts[0], err)
		} else {
			fmt.Printf("%s\tok\t\n", parts[0])
		}
	}
}

package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// What a certificate's alternative names may be (RFC 5280, section 4.2.1.6) where a CA is limited: nobody could say
// whether a name of another kind is within its domains.
const (
	dnsName   = 2
	ipAddress = 7
)

var alternativeNames = asn1.ObjectIdentifier{2, 5, 29, 17}

// domainsOf returns what a CA is limited to, and nothing where its owner has given it no domains.
func domainsOf(ca *x509.Certificate) []string {
	digest := sha256.Sum256(ca.Raw)
	return strings.Fields(domains[hex.EncodeToString(digest[:])])
}

// isBeyondItself tells whether a CA's own certificate is one of a host beyond its domains. Of a server that shows
// the very certificate that is in a pool, crypto/x509 asks nobody: such a CA can be held to nothing in a pool.
func isBeyondItself(ca *x509.Certificate) bool {
	within := domainsOf(ca)
	return len(within) > 0 && len(ca.DNSNames)+len(ca.IPAddresses) > 0 && check(ca, within) != nil
}

// limited lets a CA vouch only for leaves whose names are all within its domains, where its owner has given it some.
func limited(ca *x509.Certificate, allowed func([]*x509.Certificate) error) func([]*x509.Certificate) error {
	within := domainsOf(ca)
	if len(within) == 0 {
		return allowed
	}
	return func(chain []*x509.Certificate) error {
		if err := allowed(chain); err != nil {
			return err
		}
		return check(chain[0], within)
	}
}

// check returns why a leaf is not within domains, and nothing where it is.
func check(leaf *x509.Certificate, within []string) error {
	names, err := namesOf(leaf)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !isWithin(name, within) {
			return fmt.Errorf("%s: %s is not within the CA's domains, %s", path, name, strings.Join(within, ", "))
		}
	}
	return nil
}

// namesOf returns the DNS names and addresses of a leaf, which must have some, and no other names.
func namesOf(leaf *x509.Certificate) ([]string, error) {
	for _, extension := range leaf.Extensions {
		if !extension.Id.Equal(alternativeNames) {
			continue
		}
		var all []asn1.RawValue
		if _, err := asn1.Unmarshal(extension.Value, &all); err != nil {
			return nil, fmt.Errorf("%s: the certificate's names cannot be read: %w", path, err)
		}
		for _, one := range all {
			if one.Class != asn1.ClassContextSpecific || one.Tag != dnsName && one.Tag != ipAddress {
				return nil, errors.New(path + ": the CA has domains, and the certificate a name that is no host's")
			}
		}
	}
	names := append([]string(nil), leaf.DNSNames...)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	if len(names) == 0 {
		return nil, errors.New(path + ": the CA has domains, and the certificate no name")
	}
	return names, nil
}

func isWithin(name string, within []string) bool {
	for _, one := range within {
		if network, err := netip.ParsePrefix(one); err == nil {
			if address, err := netip.ParseAddr(name); err == nil && network.Contains(address.Unmap()) {
				return true
			}
		} else if lower := strings.ToLower(name); lower == one || strings.HasSuffix(lower, "."+one) {
			return true
		}
	}
	return false
}

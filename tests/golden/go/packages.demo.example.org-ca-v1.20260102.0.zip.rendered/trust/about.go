package trust

// What differs from one organisation's module to the next's: its path, and the variable that switches it off.
const (
	path     = "packages.demo.example.org/ca"
	variable = "DEMO_CA_DISABLE"
)

// The domains of CAs that have some, separated by blanks, by the SHA-256 of their certificates.
var domains = map[string]string{}

module validators

go 1.24

require github.com/cert-manager/trust-manager v0.25.0

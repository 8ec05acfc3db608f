module probe

go 1.22

replace (
	aaa.example/own => ./own
	acme.internal/ca => ./acme
	globex.internal/ca => ./globex
)

require (
	aaa.example/own v0.0.0
	acme.internal/ca v0.0.0
	globex.internal/ca v0.0.0
	golang.org/x/crypto/x509roots/fallback v0.0.0-20240904212608-c9da6b9a4008
	google.golang.org/grpc v1.67.3
)

require (
	golang.org/x/net v0.28.0 // indirect
	golang.org/x/sys v0.28.0 // indirect
	golang.org/x/text v0.17.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240814211410-ddb44dafa142 // indirect
	google.golang.org/protobuf v1.34.2 // indirect
)

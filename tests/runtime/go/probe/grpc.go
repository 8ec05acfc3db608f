//go:build grpc

package main

import (
	"context"
	"crypto/tls"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

func init() {
	clients["grpc NewTLS"] = func(url string) error { return call(url, credentials.NewTLS(nil)) }
	clients["grpc NewTLS of its own"] = func(url string) error {
		return call(url, credentials.NewTLS(&tls.Config{RootCAs: own()}))
	}
	clients["grpc NewClientTLSFromCert"] = func(url string) error {
		return call(url, credentials.NewClientTLSFromCert(nil, ""))
	}
}

// call returns what is wrong with a server, and nothing where it does not know the method: it was accepted then.
func call(url string, roots credentials.TransportCredentials) error {
	connection, err := grpc.NewClient("passthrough:///"+address(url), grpc.WithTransportCredentials(roots))
	if err != nil {
		return err
	}
	defer connection.Close()
	limit, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = connection.Invoke(limit, "/probe.Probe/Ask", &emptypb.Empty{}, &emptypb.Empty{})
	if status.Code(err) == codes.Unavailable || strings.Contains(said(err), "x509") {
		return err
	}
	return nil
}

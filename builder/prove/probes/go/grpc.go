package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

func init() { clients["grpc-go"] = call }

// call fails where there was no connection. A server that does not know the method was accepted.
func call(url string) error {
	option := grpc.WithTransportCredentials(credentials.NewTLS(nil))
	connection, err := grpc.NewClient("passthrough:///"+address(url), option)
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err = connection.Invoke(ctx, "/probe.Probe/Ask", &emptypb.Empty{}, &emptypb.Empty{})
	if code := status.Code(err); code == codes.Unavailable || code == codes.DeadlineExceeded {
		return err
	}
	return nil
}

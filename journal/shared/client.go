package shared

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"bongsu/journal"
)

// freshCredentials make each connection by the authorities of that moment.
type freshCredentials struct {
	credentials.TransportCredentials
	config *tls.Config
}

// ClientHandshake is that of the library with the settings of now.
func (f freshCredentials) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return credentials.NewTLS(journal.Fresh(f.config)).ClientHandshake(ctx, authority, raw)
}

// Clone keeps the way to the settings of now.
func (f freshCredentials) Clone() credentials.TransportCredentials {
	return freshCredentials{f.TransportCredentials.Clone(), f.config}
}

// Dial gives a client of the members at endpoints (URLs), with config as TLS or nil. It returns at
// once and connects when it is first used; the caller closes it.
func Dial(endpoints []string, config *tls.Config, logger *slog.Logger) (*clientv3.Client, error) {
	if len(endpoints) == 0 {
		return nil, errors.New("connect to members: no endpoints; give the client URL of at least one member")
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	cfg := clientv3.Config{
		Endpoints: endpoints, TLS: config, Logger: zapToSlog(logger.With("part", "etcd client"), nil),
		DialTimeout: 2 * time.Second, DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 2 * time.Second,
		// A search of the log may answer with many entries; requests stay below etcd's own bound.
		MaxCallRecvMsgSize: 1 << 30,
	}
	if config != nil {
		cfg.DialOptions = append(cfg.DialOptions, grpc.WithTransportCredentials(freshCredentials{credentials.NewTLS(config), config}))
	}
	c, err := clientv3.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to members %v: %w", endpoints, err)
	}
	if err := keepSteady(c, cfg); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

package shared

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

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

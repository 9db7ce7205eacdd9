package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
)

const tlsFlag = "folder with this node's ca.pem, cert.pem and key.pem (the site file's journal.tls.dir, or DATA/pki, when not given)"

// papersOf finds a node's certificate, nil where the site goes without. A folder may hold the files, or a folder of
// the node's name with them, as `bongsu pki issue` writes it.
func papersOf(o options, site *facility.Site) (*shared.TLSFiles, error) {
	if site.Journal.TLS == nil {
		if o.tls != "" {
			return nil, fmt.Errorf("--tls is given, but %s says nothing of certificates: add journal: {tls: {}} to it at every node", site.File)
		}
		return nil, nil
	}
	dir := o.tls
	if dir == "" && site.Journal.TLS.Dir != "" {
		dir = site.Journal.TLS.Dir
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(site.File), dir)
		}
	}
	if dir == "" {
		dir = filepath.Join(o.data, "pki")
	}
	if own := filepath.Join(dir, o.node); o.node != "" {
		if _, err := os.Stat(filepath.Join(own, "cert.pem")); err == nil {
			dir = own
		}
	}
	files := shared.TLSIn(dir)
	if _, err := os.Stat(files.Cert); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no certificate in %s: make one with `bongsu pki issue` and copy its folder there, or name its place with --tls", dir)
	}
	return &files, nil
}

// endpointsOf are the client URLs of the shared journal's servers.
func endpointsOf(site *facility.Site) []string {
	if len(site.Journal.Endpoints) > 0 {
		return site.Journal.Endpoints
	}
	var out []string
	for _, m := range site.Members {
		out = append(out, clientURL(site, m))
	}
	return out
}

func clientURL(site *facility.Site, m facility.Member) string { return schemeOf(site) + m.Client }
func peerURL(site *facility.Site, m facility.Member) string   { return schemeOf(site) + m.Peer }

func schemeOf(site *facility.Site) string {
	if site.Journal.TLS != nil {
		return "https://"
	}
	return "http://"
}

// clientTLS is how a node shows itself to the members, nil where the site goes without certificates.
func clientTLS(o options, site *facility.Site, log *slog.Logger) (*tls.Config, error) {
	files, err := papersOf(o, site)
	if err != nil || files == nil {
		return nil, err
	}
	return files.Client(log)
}

// dialMembers gives a client of all servers of the shared journal. It connects when it is first used.
func dialMembers(o options, site *facility.Site, log *slog.Logger) (*clientv3.Client, error) {
	config, err := clientTLS(o, site, log)
	if err != nil {
		return nil, err
	}
	return shared.Dial(endpointsOf(site), config, log)
}

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bongsu/journal/shared"
)

// How long certificates are good for. An authority that ends takes the whole plane along; a node's is short enough
// that people remember how it is renewed.
const (
	authorityYears = 10
	nodeYears      = 2
	// clockGap lets nodes whose clocks are a little late take a new certificate at once.
	clockGap = 5 * time.Minute
)

// Files of an authority's folder.
const (
	authorityCert = "ca.pem"
	authorityKey  = "ca.key"
)

func pkiCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "pki", Short: "Certificates by which the nodes of a site's shared journal know each other"}
	cmd.AddCommand(pkiInit(), pkiIssue(), pkiShow())
	return cmd
}

func pkiInit() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Make an authority: ca.pem goes to every node, ca.key to none",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ends, err := newAuthority(args[0], name, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: authority %q until %s\nKeep %s where no node is, and a copy of it somewhere else: whoever has it can make nodes.\nNext: bongsu pki issue %s --name NODE --host ADDRESS\n",
				filepath.Join(args[0], authorityCert), name, ends.Format(time.DateOnly), filepath.Join(args[0], authorityKey), args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "Bongsu authority", "what the authority is called")
	return cmd
}

func newAuthority(dir, name string, now time.Time) (ends time.Time, err error) {
	for _, f := range []string{authorityKey, authorityCert} {
		if _, err := os.Lstat(filepath.Join(dir, f)); !errors.Is(err, fs.ErrNotExist) {
			return ends, fmt.Errorf("%s holds an authority already: certificates of it would be worth nothing with another one; choose another folder, or move that one away by hand", dir)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ends, fmt.Errorf("make the folder: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return ends, fmt.Errorf("make a key: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return ends, err
	}
	ends = now.AddDate(authorityYears, 0, 0)
	ca := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-clockGap), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return ends, fmt.Errorf("sign the authority: %w", err)
	}
	if err := writeKey(filepath.Join(dir, authorityKey), key); err != nil {
		return ends, err
	}
	return ends, writePEM(filepath.Join(dir, authorityCert), "CERTIFICATE", cert)
}

// order is one certificate to be made.
type order struct {
	node  string
	hosts []string
	renew bool // in place of the one that is there
}

func pkiIssue() *cobra.Command {
	var o order
	cmd := &cobra.Command{
		Use:   "issue DIR --name NODE --host ADDRESS,...",
		Short: "Make a node's certificate in DIR/NODE: its addresses are those in the site file's members",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			made, err := issue(args[0], o, time.Now())
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s: %s for %s until %s\n", made.folder, o.node, strings.Join(made.hosts, ", "), made.ends.Format(time.DateOnly))
			if made.cut {
				fmt.Fprintln(out, "It ends with its authority, earlier than usual: make a new authority before that.")
			}
			if o.renew {
				fmt.Fprintf(out, "It stands in place of the former one. Copy cert.pem and key.pem into the node's pki folder: they are taken up without a restart.\n")
			} else {
				fmt.Fprintf(out, "Next: copy the folder to the node, to DATA/pki (or name it with --tls), readable for its user alone.\n")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.node, "name", "", "the node, as under members in the site file (required)")
	cmd.Flags().StringSliceVar(&o.hosts, "host", nil, "IP addresses and names under which the others reach it; of the former certificate when it is renewed")
	cmd.Flags().BoolVar(&o.renew, "renew", false, "replace the node's certificate")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

// issued is what was made of an order.
type issued struct {
	folder string
	hosts  []string
	ends   time.Time
	cut    bool
}

var (
	nodeName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
)

func issue(dir string, o order, now time.Time) (issued, error) {
	made := issued{folder: filepath.Join(dir, o.node)}
	ca, caKey, err := openAuthority(dir, now)
	if err != nil {
		return made, err
	}
	if !nodeName.MatchString(o.node) {
		return made, fmt.Errorf("%q is no node's name: want letters, digits and hyphens", o.node)
	}
	former, err := shared.ReadCertificate(filepath.Join(made.folder, "cert.pem"))
	switch {
	case err == nil && !o.renew:
		return made, fmt.Errorf("%s holds a certificate until %s: add --renew to replace it", made.folder, former.NotAfter.Format(time.DateOnly))
	case err == nil && len(o.hosts) == 0:
		o.hosts = hostsOf(former)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return made, err
	case err != nil && o.renew:
		return made, fmt.Errorf("%s holds no certificate to renew: leave --renew away", made.folder)
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: o.node}, NotBefore: now.Add(-clockGap), NotAfter: now.AddDate(nodeYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if err := nameHosts(leaf, o); err != nil {
		return made, err
	}
	if leaf.NotAfter.After(ca.NotAfter) {
		leaf.NotAfter, made.cut = ca.NotAfter, true
	}
	if leaf.SerialNumber, err = serialNumber(); err != nil {
		return made, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return made, fmt.Errorf("make a key: %w", err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return made, fmt.Errorf("sign the certificate: %w", err)
	}
	made.hosts, made.ends = hostsOf(leaf), leaf.NotAfter
	if err := os.MkdirAll(made.folder, 0o700); err != nil {
		return made, fmt.Errorf("make the folder: %w", err)
	}
	if err := writeKey(filepath.Join(made.folder, "key.pem"), key); err != nil {
		return made, err
	}
	if err := writePEM(filepath.Join(made.folder, authorityCert), "CERTIFICATE", ca.Raw); err != nil {
		return made, err
	}
	return made, writePEM(filepath.Join(made.folder, "cert.pem"), "CERTIFICATE", cert)
}

// nameHosts puts the node's name and its addresses into a certificate. The name is what other members accept a
// peer by; the addresses are what clients and peers dial.
func nameHosts(leaf *x509.Certificate, o order) error {
	if len(o.hosts) == 0 {
		return errors.New("a certificate needs the addresses under which the others reach the node: give --host")
	}
	leaf.DNSNames = []string{o.node}
	for _, h := range o.hosts {
		switch ip := net.ParseIP(h); {
		case ip != nil && ip.IsUnspecified():
			return fmt.Errorf("%s is every address: a certificate needs the one that the others dial", h)
		case ip != nil:
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		case hostName.MatchString(h):
			if !slices.Contains(leaf.DNSNames, h) {
				leaf.DNSNames = append(leaf.DNSNames, h)
			}
		default:
			return fmt.Errorf("%q is neither an IP address nor a host's name (without port and scheme)", h)
		}
	}
	return nil
}

func hostsOf(c *x509.Certificate) []string {
	var out []string
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	return append(out, c.DNSNames...)
}

func openAuthority(dir string, now time.Time) (*x509.Certificate, any, error) {
	ca, err := shared.ReadCertificate(filepath.Join(dir, authorityCert))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s holds no authority: make one with `bongsu pki init %s`", dir, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	if now.After(ca.NotAfter) {
		return nil, nil, fmt.Errorf("the authority is over since %s: make a new one in another folder and give every node a certificate of it", ca.NotAfter.Format(time.DateOnly))
	}
	text, err := os.ReadFile(filepath.Join(dir, authorityKey))
	if err != nil {
		return nil, nil, fmt.Errorf("read the authority's key (issue where it is kept, not on a node): %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, nil, fmt.Errorf("%s holds no key in PEM", filepath.Join(dir, authorityKey))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("read the authority's key: %w", err)
	}
	if k, ok := key.(*ecdsa.PrivateKey); !ok || !k.PublicKey.Equal(ca.PublicKey) {
		return nil, nil, fmt.Errorf("%s and %s do not belong together", authorityKey, authorityCert)
	}
	return ca, key, nil
}

func serialNumber() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	return n, nil
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	return writePEM(path, "PRIVATE KEY", der)
}

// writePEM replaces a file whole, readable for its owner alone.
func writePEM(path, kind string, der []byte) error {
	next := path + ".new"
	_ = os.Remove(next) // of a try that was cut short, perhaps with another mode
	if err := os.WriteFile(next, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

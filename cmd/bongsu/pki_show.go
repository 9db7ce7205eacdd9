package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bongsu/journal/shared"
)

// showBefore is how long before its end `pki show` warns of a certificate: twice as early as the running members,
// for who looks can still plan.
const showBefore = 2 * shared.RenewBefore

func pkiShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show DIR|FILE",
		Short: "Say whose certificates lie there and until when; exit 1 when one is over or does not fit",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := certificatesIn(args[0])
			if err != nil {
				return err
			}
			sound := true
			for _, f := range files {
				sound = showCertificate(cmd.OutOrStdout(), f, time.Now()) && sound
			}
			if !sound {
				return errReported
			}
			return nil
		},
	}
}

// certificatesIn lists a folder's certificates, and those of the nodes' folders below it; a file is itself.
func certificatesIn(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("look for certificates: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var out []string
	for _, pattern := range []string{authorityCert, "cert.pem", filepath.Join("*", "cert.pem")} {
		found, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil {
			return nil, fmt.Errorf("look for certificates in %s: %w", path, err)
		}
		out = append(out, found...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no certificates: want %s or cert.pem in it, or in folders below it", path, authorityCert)
	}
	return out, nil
}

// showCertificate prints one certificate and what is wrong with it; false when it cannot be used.
func showCertificate(out io.Writer, file string, now time.Time) bool {
	c, err := shared.ReadCertificate(file)
	if err != nil {
		fmt.Fprintln(out, err)
		return false
	}
	what := "node " + c.Subject.CommonName + " for " + strings.Join(hostsOf(c), ", ")
	if c.IsCA {
		what = fmt.Sprintf("authority %q", c.Subject.CommonName)
	}
	left := c.NotAfter.Sub(now)
	fmt.Fprintf(out, "%s: %s, until %s (%d days)\n", file, what, c.NotAfter.UTC().Format(time.DateOnly), int(left.Hours()/24))
	sound := true
	say := func(bad bool, format string, a ...any) {
		fmt.Fprintf(out, "  "+format+"\n", a...)
		sound = sound && !bad
	}
	switch {
	case left <= 0:
		say(true, "OVER: nobody accepts it any more; renew it now")
	case now.Before(c.NotBefore):
		say(true, "NOT YET: it begins on %s; is this machine's clock right?", c.NotBefore.UTC().Format(time.DateTime))
	case left < showBefore:
		say(false, "ENDS SOON: renew it (bongsu pki issue DIR --name NODE --renew; an authority: make a new one)")
	}
	if c.IsCA {
		return sound
	}
	if why := fits(file, c); why != nil {
		say(true, "DOES NOT FIT: %v", why)
	}
	return sound
}

// fits holds a node's certificate against the key and the authority beside it, where they are there.
func fits(file string, c *x509.Certificate) error {
	dir := filepath.Dir(file)
	key := filepath.Join(dir, "key.pem")
	if _, err := os.Stat(key); err == nil {
		if _, err := tls.LoadX509KeyPair(file, key); err != nil {
			return fmt.Errorf("key.pem beside it: %w", err)
		}
	}
	ca, err := shared.ReadCertificate(filepath.Join(dir, authorityCert))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.CheckSignatureFrom(ca); err != nil {
		return fmt.Errorf("ca.pem beside it has not signed it: %w", err)
	}
	return nil
}

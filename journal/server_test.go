package journal

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// field is a journal and a spool served on a socket.
type field struct {
	log    *Log
	spool  *Spool
	client *Client
	stop   func()
}

func serve(t *testing.T, dir string, address string, server, client *tls.Config) *field {
	t.Helper()
	l := open(t, filepath.Join(dir, "journal"), Options{SegmentBytes: 32 << 10})
	stopLog := run(t, l)
	s := openSpool(t, filepath.Join(dir, "spool"), pointList(100), SpoolOptions{MaxBytes: 512 << 10, SegmentBytes: 32 << 10})
	ln, err := Listen(address, server)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(address, "unix:") {
		address = ln.Addr().String()
	}
	mux := NewServer(l, s, nil).Mux()
	mux.HandleFunc("POST /acts", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := Serve(ctx, ln, mux, nil); err != nil {
			t.Error(err)
		}
	})
	f := &field{log: l, spool: s, client: NewClient(address, client)}
	f.stop = sync.OnceFunc(func() { cancel(); wg.Wait(); stopLog(); s.Close() })
	t.Cleanup(f.stop)
	return f
}

// newSocket is a path for a socket, shorter than a test's own folder may be.
func newSocket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestEntriesAndBatchesAreLiveOverASocketWithin50ms(t *testing.T) {
	dir, socket := t.TempDir(), newSocket(t)
	f := serve(t, dir, "unix:"+socket, nil, nil)
	type arrival struct {
		seq uint64
		at  time.Time
	}
	entries, samples := make(chan arrival, 1), make(chan arrival, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		f.client.Journal(ctx, 0, func(e Entry) error { entries <- arrival{e.Seq, time.Now()}; return nil })
	})
	wg.Go(func() {
		f.client.Spool(ctx, 0, func(b Batch) error { samples <- arrival{b.Seq, time.Now()}; return nil })
	})
	defer wg.Wait()
	defer cancel()
	const rounds, each = 20, 25
	within := 50 * time.Millisecond
	journal, spool := time.Hour, time.Hour // the best median: other programs use this machine, too
	for round := 0; round < 2 || round < rounds && max(journal, spool) > within; round++ {
		var entry, batch []time.Duration
		for i := range each {
			e := mustAppend(t, f.log, i)
			done := time.Now()
			a := <-entries
			if a.seq != e.Seq {
				t.Fatalf("entry %d came, %d was written", a.seq, e.Seq)
			}
			start := time.Now()
			put(t, f.spool, block(0, 50, dawn))
			b := <-samples
			if want := uint64(round*each + i + 1); b.seq != want {
				t.Fatalf("batch %d came instead of %d", b.seq, want)
			}
			entry, batch = append(entry, max(0, a.at.Sub(done))), append(batch, b.at.Sub(start))
		}
		slices.Sort(entry)
		slices.Sort(batch)
		t.Logf("journal, from acknowledged: p50 %v, worst %v; spool, from Append: p50 %v, worst %v", entry[each/2], entry[each-1], batch[each/2], batch[each-1])
		journal, spool = min(journal, entry[each/2]), min(spool, batch[each/2])
	}
	if max(journal, spool) > within {
		t.Errorf("p50 is %v for the journal and %v for the spool, want within %v", journal, spool, within)
	}
}

func TestAReaderResumesWithoutLossOverRestartsOfTheServer(t *testing.T) {
	dir, socket := t.TempDir(), newSocket(t)
	var after, batch uint64
	for round := range 3 {
		f := serve(t, dir, "unix:"+socket, nil, nil)
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 150 {
				mustAppend(t, f.log, i)
				put(t, f.spool, block(0, 10, dawn))
			}
		})
		for n := 0; n < 150; { // the reader breaks off again and again
			err := f.client.Journal(t.Context(), after, func(e Entry) error {
				if e.Seq != after+1 {
					t.Fatalf("round %d: entry %d behind %d", round, e.Seq, after)
				}
				after = e.Seq
				if n++; n%40 == 0 || n == 150 {
					return errEnough
				}
				return nil
			})
			if !errors.Is(err, errEnough) {
				t.Fatal(err)
			}
		}
		seen := 0
		err := f.client.Spool(t.Context(), batch, func(b Batch) error {
			if b.Gap != nil || b.Seq <= batch || b.Points[b.Samples[9].Point] != pointList(10)[9] {
				t.Fatalf("round %d: %+v behind %d", round, b, batch)
			}
			batch = b.Seq
			if seen++; seen == 150 {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
		wg.Wait()
		f.stop()
	}
	if after != 450 {
		t.Errorf("%d entries", after)
	}
}

func TestAStreamBeginsWithTheGapWhereTheSpoolHasMovedOn(t *testing.T) {
	dir := t.TempDir()
	f := serve(t, dir, "127.0.0.1:0", nil, nil)
	for f.spool.Evicted() == 0 {
		put(t, f.spool, block(0, 100, dawn))
	}
	var first, second Batch
	err := f.client.Spool(t.Context(), 0, func(b Batch) error {
		if first.Gap == nil {
			first = b
			return nil
		}
		second = b
		return errEnough
	})
	if !errors.Is(err, errEnough) || first.Gap == nil || first.Gap.From != 1 || second.Seq != first.Gap.To+1 || f.spool.Evicted() != 100*first.Gap.To {
		t.Errorf("%v: gap %+v, then %d, evicted %d", err, first.Gap, second.Seq, f.spool.Evicted())
	}
	for _, read := range []func() error{
		func() error { return f.client.Spool(t.Context(), 1<<40, func(Batch) error { return nil }) },
		func() error { return f.client.Journal(t.Context(), 9, func(Entry) error { return nil }) },
	} {
		if err := read(); !errors.Is(err, ErrAhead) {
			t.Errorf("a position ahead of the log: %v", err)
		}
	}
}

func TestASlowReaderDelaysNobody(t *testing.T) {
	dir, socket := t.TempDir(), newSocket(t)
	f := serve(t, dir, "unix:"+socket, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		f.client.Spool(ctx, 0, func(Batch) error { <-ctx.Done(); return ctx.Err() })
	})
	start := time.Now()
	for range 2000 {
		put(t, f.spool, block(0, 100, dawn))
	}
	if took := time.Since(start); took > patience { // a reader that is waited for is waited for without end
		t.Errorf("2000 batches took %v beside a reader that takes none", took)
	}
	if f.spool.Bytes() > 512<<10 {
		t.Error("the spool grew for a slow reader")
	}
}

func TestOtherRoutesShareTheSocket(t *testing.T) {
	dir, socket := t.TempDir(), newSocket(t)
	f := serve(t, dir, "unix:"+socket, nil, nil)
	resp, err := f.client.Do(t.Context(), http.MethodPost, "/acts", []byte(`{"id":"1"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != `{"id":"1"}` {
		t.Errorf("%s", b)
	}
	if _, err := Listen("unix:"+socket, nil); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second server took the socket: %v", err)
	}
	if _, err := Listen("0.0.0.0:0", nil); err == nil {
		t.Error("an open port without TLS was allowed")
	}
}

// authority signs certificates for 127.0.0.1.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, dir, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{cert: cert, key: key, file: filepath.Join(dir, name+".pem")}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

func (a *authority) sign(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	der2, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "EC PRIVATE KEY", der2)
	return cert, key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOverTCPBothSidesShowACertificate(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := newAuthority(t, dir, "ours"), newAuthority(t, dir, "theirs")
	fieldCert, fieldKey := ours.sign(t, dir, "field")
	deskCert, deskKey := ours.sign(t, dir, "desk")
	strangerCert, strangerKey := theirs.sign(t, dir, "stranger")
	server, _, err := MutualTLS(fieldCert, fieldKey, ours.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, desk, err := MutualTLS(deskCert, deskKey, ours.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := MutualTLS(strangerCert, strangerKey, ours.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, elsewhere, err := MutualTLS(deskCert, deskKey, theirs.file, nil)
	if err != nil {
		t.Fatal(err)
	}
	nobody := desk.Clone()
	nobody.GetClientCertificate = nil

	f := serve(t, dir, "127.0.0.1:0", server, desk)
	mustAppend(t, f.log, 0)
	err = f.client.Journal(t.Context(), 0, func(e Entry) error { return errEnough })
	if !errors.Is(err, errEnough) {
		t.Fatalf("the desk was not served: %v", err)
	}
	address := strings.TrimPrefix(f.client.URL(""), "https://")
	for name, config := range map[string]*tls.Config{"without a certificate": nobody, "with a stranger's certificate": stranger, "that trusts others": elsewhere, "without TLS": nil} {
		err := NewClient(address, config).Journal(t.Context(), 0, func(Entry) error { return errEnough })
		if err == nil || errors.Is(err, errEnough) {
			t.Errorf("a client %s was served", name)
		}
	}
}

func TestAMissingRouteIsAnError(t *testing.T) {
	ln, err := Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { Serve(ctx, ln, NewServer(nil, nil, nil).Mux(), nil) })
	defer wg.Wait()
	defer cancel()
	err = NewClient(ln.Addr().String(), nil).Journal(t.Context(), 0, func(Entry) error { return nil })
	if err == nil || !strings.Contains(fmt.Sprint(err), "404") {
		t.Error(err)
	}
}

package shared

import (
	"encoding/pem"
	"os"
	"testing"
)

// certificate is the authority's own, in PEM.
func (o office) certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.ca.Raw})
}

// Three members and a desk go over from one authority to another, by the steps that the operations page names: the
// members start anew one after the other, the desk never, and between any two steps the journal takes entries. In the end
// nobody with a certificate of the former authority is served.
func TestAnAuthorityIsReplacedAtThreeMembers(t *testing.T) {
	if os.Getenv("BONGSU_LONG") == "" {
		t.Skip("starts nine members over TLS one after the other: set BONGSU_LONG=1")
	}
	first, next := newOffice(t), newOffice(t)
	c := &running{cfgs: configs(t, 3), members: make([]*Member, 3), stops: make([]func(), 3)}
	first.secure(t, c.cfgs)
	for i := range c.cfgs {
		c.start(t, i)
	}
	for _, m := range c.members {
		await(t, m)
	}
	papers := []TLSFiles{first.issue(t, t.TempDir(), paper{name: "desk"})}
	former := first.issue(t, t.TempDir(), paper{name: "desk"}) // a copy that nobody renews
	for _, m := range c.cfgs {
		papers = append(papers, TLSFiles{m.CertFile, m.KeyFile, m.CAFile})
	}
	config, err := papers[0].Client(nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := Dial(endpoints(c.cfgs), config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	log := openLog(t, client, Options{})
	written := 0
	step := func(what string) {
		t.Helper()
		eventually(t, what, func() error {
			_, err := log.Append(within(t, patience), Draft{Kind: "note", Actor: "test", Subject: what})
			return err
		})
		written++
		t.Logf("%s: the journal takes entries", what)
	}
	trust := func(offices ...office) {
		t.Helper()
		var text []byte
		for _, o := range offices {
			text = append(text, o.certificate()...)
		}
		for _, p := range papers {
			if err := os.WriteFile(p.CA, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	oneByOne := func() {
		t.Helper()
		for i := range c.cfgs {
			c.stops[i]()
			c.start(t, i)
			await(t, c.members[i])
			step("after a member's start")
		}
	}
	step("at the beginning")
	trust(next, first)
	oneByOne()
	for i, p := range papers {
		name := "desk"
		if i > 0 {
			name = c.cfgs[i-1].Name
		}
		fresh := next.issue(t, t.TempDir(), paper{name: name})
		for from, to := range map[string]string{fresh.Cert: p.Cert, fresh.Key: p.Key} {
			text, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		step("after a new certificate of " + name)
	}
	trust(next)
	oneByOne()
	for _, m := range c.cfgs {
		eventually(t, "a member shows a certificate of the new authority", func() error { return ask(t, m.ClientURL, &papers[0]) })
		if err := ask(t, m.ClientURL, &former); err == nil {
			t.Errorf("%s serves somebody of the former authority", m.Name)
		}
	}
	entries, err := log.After(within(t, patience), 0, 100, Newest)
	if err != nil || len(entries) < written {
		t.Errorf("%d entries of %d, %v", len(entries), written, err)
	}
}

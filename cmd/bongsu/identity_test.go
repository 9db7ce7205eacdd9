package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/rules"
	"bongsu/ui"
)

// commonMember is a shared journal of one member in this process; stop takes the majority away. An address that
// somebody else has taken meanwhile costs another try.
func commonMember(t *testing.T) (client *clientv3.Client, stop func()) {
	t.Helper()
	for range 5 {
		ports := freePorts(t, 2)
		peer, public := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
		m, err := shared.OpenMember(shared.MemberConfig{Name: "n1", Dir: t.TempDir(), ClientURL: public, PeerURL: peer, Cluster: map[string]string{"n1": peer}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx) }()
		select {
		case err := <-ended:
			cancel()
			t.Logf("the member does not come up: %v", err)
			continue
		case <-time.After(time.Minute):
			cancel()
			t.Fatal("the member does not come up")
		case <-m.Ready():
		}
		stop = sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(stop)
		client, err = shared.Dial([]string{public}, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client, stop
	}
	t.Fatal("no member comes up")
	return nil, nil
}

// Two desks over a real shared journal: an account made at one is known at the other, the journal tells of it without a
// hash, and without a majority it can be used and not changed.
func TestAccountsGoThroughTheSharedJournal(t *testing.T) {
	client, stop := commonMember(t)
	desk := func(node string) (*ui.Users, *shared.Log) {
		users, err := ui.OpenUsers(filepath.Join(t.TempDir(), "users.json"), false)
		if err != nil {
			t.Fatal(err)
		}
		commons := shared.Open(client, shared.Options{Site: "c" + node, Node: node})
		t.Cleanup(commons.Close)
		users.Share(identity{shared.NewBoard(client, ""), commons, "desk " + node})
		return users, commons
	}
	one, commons := desk("n1")
	two, _ := desk("n2")
	// A change has five seconds, and on a busy machine a member may take longer; people try again, and so does this.
	changes := func(do func() error) (err error) {
		eventually(t, 2*time.Minute, "the member takes a change", func() bool { err = do(); return !errors.Is(err, ui.ErrReadOnly) })
		return err
	}
	for _, user := range []string{"kim", "kim2"} { // one name begins like the other
		if err := changes(func() error {
			return one.By("").Add(user, facility.Text{KO: "김", EN: "Kim"}, []string{"lead"}, "a secret of "+user)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := changes(func() error { return two.Sync(t.Context()) }); err != nil {
		t.Fatal(err)
	}
	if got := two.List(); len(got) != 2 || got[0].User != "kim" || got[0].Roles[0] != "lead" {
		t.Fatalf("the other desk knows %+v", got)
	}
	if err := changes(func() error { return two.By("").Remove("kim2") }); err != nil {
		t.Fatal(err)
	}
	entries, err := commons.After(t.Context(), 0, 100, shared.Newest)
	entries = slices.CompactFunc(entries, func(a, b shared.Entry) bool { return a.Subject == b.Subject }) // each try is told
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for i, subject := range []string{"add kim", "add kim2", "remove kim2"} {
		if e := entries[i]; e.Kind != kindIdentity || e.Subject != subject || strings.Contains(string(e.Data), "argon2") {
			t.Errorf("entry %d: %s %s %s", i, e.Kind, e.Subject, e.Data)
		}
	}
	for _, user := range []string{"boss", "boss2"} {
		if err := changes(func() error {
			return one.By("boss").Add(user, facility.Text{EN: "Boss"}, []string{"admin"}, "a secret of "+user)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := changes(func() error { return two.By("boss2").Remove("boss") }); err != nil {
		t.Fatal(err)
	}
	if err := changes(func() error { return one.By("boss").Remove("boss2") }); !errors.Is(err, ui.ErrLastAdmin) {
		t.Errorf("the last administrator is removed where the removal of the other was not heard of yet: %v", err)
	}
	stop()
	if err := one.By("").SetPassword("kim", "another secret"); !errors.Is(err, ui.ErrReadOnly) {
		t.Errorf("a change without a majority: %v", err)
	}
	if got := one.List(); len(got) == 0 {
		t.Error("without a majority nobody is known")
	}
}

// The account commands know by the desk's note that others share its accounts; a site that is alone has none.
func TestAccountCommandsFindTheOtherSites(t *testing.T) {
	o := options{site: "../../sites/three/n2.yaml", data: t.TempDir(), node: "n2"}
	if err := os.MkdirAll(o.deskDir(), 0o750); err != nil {
		t.Fatal(err)
	}
	three := &facility.Site{Members: []facility.Member{{Name: "n1"}, {Name: "n2"}, {Name: "n3"}}}
	if err := noteSharing(o, three); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(sharedByFile(o.data))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if err := noteSharing(o, &facility.Site{Members: three.Members[:1]}); err != nil {
		t.Fatal(err)
	}
	users, err := (&accounts{data: o.data}).open()
	if err != nil {
		t.Fatal(err)
	}
	done, err := reachIdentity(o.data, users, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if err := users.By("").Add("kim", facility.Text{KO: "김", EN: "Kim"}, []string{"lead"}, "long enough"); err != nil {
		t.Errorf("a site alone needs somebody else for its accounts: %v", err)
	}
}

// An account that cannot be read for half a minute becomes an alarm with its name, which goes by itself.
func TestAnUnreadableAccountBecomesAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var unread atomic.Pointer[[]ui.Unread]
		unread.Store(new([]ui.Unread))
		to := &ear{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- announceUnread(ctx, func() []ui.Unread { return *unread.Load() }, to, slog.New(slog.DiscardHandler))
		}()
		unread.Store(&[]ui.Unread{{User: "kim", Why: "unknown role"}})
		time.Sleep(time.Minute)
		if last := to.all()[len(to.all())-1]; last.Kind != "finding.raise" || last.Subject != rules.FoundAccounts || last.Args["detail"] != "kim" {
			t.Errorf("after a minute: %+v", last)
		}
		unread.Store(new([]ui.Unread))
		time.Sleep(time.Minute)
		if last := to.all()[len(to.all())-1]; last.Kind != "finding.clear" {
			t.Errorf("once it can be read: %+v", last)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

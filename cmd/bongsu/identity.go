package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/rules"
	"bongsu/ui"
)

const (
	identityUnder = "identity/users/"
	identityEvery = 2 * time.Second
	// kindIdentity is an entry that says that an account is about to be changed; it has no hash in it.
	kindIdentity = rules.KindIdentity
)

// identity keeps the accounts of all sites beside the shared journal, not in it: hashes do not belong into a log that
// is kept for ever.
type identity struct {
	board   *shared.Board
	commons *shared.Log
	actor   string // who changes here, for the journal
}

// All implements ui.Identity.
func (i identity) All(ctx context.Context) ([]ui.SharedAccount, error) {
	notes, err := i.board.All(ctx, identityUnder)
	if err != nil {
		return nil, refused(err)
	}
	out := make([]ui.SharedAccount, 0, len(notes))
	for _, n := range notes {
		out = append(out, account(n))
	}
	return out, nil
}

// Put implements ui.Identity.
func (i identity) Put(ctx context.Context, a ui.SharedAccount, asOf int64) (version int64, err error) {
	n := shared.Note{Name: identityUnder + a.User, Value: a.Record, Version: a.Version}
	if asOf > 0 {
		version, err = i.board.PutIfStill(ctx, n, identityUnder, asOf)
	} else {
		version, err = i.board.PutIf(ctx, n.Name, n.Value, n.Version)
	}
	return version, refused(err)
}

// Note implements ui.Identity. An account that changes accounts is who did it; without one it is this node's program.
func (i identity) Note(ctx context.Context, c ui.AccountChange) error {
	actor := i.actor
	if c.By != "" {
		actor = c.By
	}
	_, err := i.commons.Append(ctx, shared.Draft{Kind: kindIdentity, Actor: actor, Subject: c.What + " " + c.User, Data: c})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ui.ErrReadOnly, err)
	}
	return refused(err)
}

func account(n shared.Note) ui.SharedAccount {
	return ui.SharedAccount{User: strings.TrimPrefix(n.Name, identityUnder), Record: n.Value, Version: n.Version}
}

// refused keeps what the console branches on.
func refused(err error) error {
	switch {
	case errors.Is(err, shared.ErrChanged):
		return fmt.Errorf("%w: %w", ui.ErrElsewhere, err)
	case errors.Is(err, shared.ErrNoMajority), errors.Is(err, shared.ErrUnknown):
		return fmt.Errorf("%w: %w", ui.ErrReadOnly, err)
	}
	return err
}

// sharesAccounts says whether a site's accounts are those of all sites: one alone keeps its own, and needs no running
// journal to change them.
func sharesAccounts(site *facility.Site) bool { return len(site.Members) > 1 }

// tellField has a change of accounts that are this site's own written into the field's journal, before it is made.
func tellField(field teller) func(context.Context, ui.AccountChange) error {
	return func(ctx context.Context, c ui.AccountChange) error {
		act := facility.Act{ID: "account-" + rand.Text(), Kind: rules.ActAccount, Subject: c.What + " " + c.User, By: []string{cmp.Or(c.By, "desk")}, At: time.Now().UTC(), Args: map[string]string{
			"what": c.What, "user": c.User, "by": c.By, "roles": strings.Join(c.Roles, " "), "disabled": strconv.FormatBool(c.Disabled), "factor": strconv.FormatBool(c.Factor), "tokens": strings.Join(c.Tokens, ", "),
		}}
		res, err := field.Do(ctx, act)
		if err != nil {
			return fmt.Errorf("the field, which keeps the journal, did not answer: %w", err)
		}
		if res.Code != http.StatusOK {
			return fmt.Errorf("the field, which keeps the journal, answers %d: %s", res.Code, res.Detail)
		}
		return nil
	}
}

// keepIdentity has a desk's copy follow what all sites know.
func keepIdentity(users *ui.Users, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		said := ""
		for ctx.Err() == nil {
			try, cancel := context.WithTimeout(ctx, identityEvery)
			err := users.Sync(try)
			cancel()
			if now := fmt.Sprint(err); ctx.Err() == nil && now != said {
				said = now
				if err != nil {
					log.Warn("the accounts are this desk's own copy for now", "cause", err)
				} else {
					log.Info("the accounts are those of all sites")
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(identityEvery):
			}
		}
		return nil
	}
}

// When accounts that cannot be read become an alarm: a node that is being upgraded may be the first or the last.
const (
	unreadWaits = 30 * time.Second
	unreadRests = 5 * time.Second
)

// announceUnread raises an alarm while this program cannot read an account of all sites, until ctx ends.
func announceUnread(ctx context.Context, unread func() []ui.Unread, to teller, log *slog.Logger) error {
	s, said := &spell{wait: unreadWaits, rest: unreadRests}, ""
	return eachLookIn(ctx, identityEvery, log, func() error {
		var users []string
		for _, u := range unread() {
			users = append(users, u.User)
		}
		if now := strings.Join(users, ", "); now != said {
			if said = now; len(users) > 0 {
				log.Warn("accounts of all sites cannot be read here, and stay as this desk had them", "accounts", few(users), "cause", fmt.Sprint(unread()))
			}
		}
		return s.found(ctx, to, rules.FoundAccounts, len(users) > 0, finding{detail: few(users), value: float64(len(users))})
	})
}

// sharedBy is a note in the desk's folder by which the account commands find the other sites.
type sharedBy struct {
	Site string `json:"site"`
	Node string `json:"node"`
}

func sharedByFile(data string) string { return filepath.Join(data, "desk", "identity.json") }

// noteSharing leaves that note, or takes it away from a site that is alone now.
func noteSharing(o options, site *facility.Site) error {
	file := sharedByFile(o.data)
	if !sharesAccounts(site) {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the other sites' accounts: %w", err)
		}
		return nil
	}
	path, err := filepath.Abs(o.site)
	if err != nil {
		return fmt.Errorf("site file: %w", err)
	}
	text, err := json.Marshal(sharedBy{path, o.node})
	if err != nil {
		return fmt.Errorf("encode the way to the other sites: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

// shareAccounts makes the desk's accounts those of all sites, where there are others.
func shareAccounts(o options, site *facility.Site, users *ui.Users, commons *shared.Log, client *clientv3.Client) error {
	if commons != nil && sharesAccounts(site) {
		users.Share(identity{shared.NewBoard(client, ""), commons, "desk " + o.node})
	}
	return noteSharing(o, site)
}

// reachIdentity lets the account commands change the accounts of all sites, where this node's are; done ends it.
func reachIdentity(data string, users *ui.Users, log *slog.Logger) (done func(), err error) {
	text, err := os.ReadFile(sharedByFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	var by sharedBy
	if err == nil {
		err = json.Unmarshal(text, &by)
	}
	if err != nil {
		return nil, fmt.Errorf("find the other sites: %w", err)
	}
	site, err := loadSite(by.Site, log)
	if err != nil {
		return nil, err
	}
	commons, client, err := sharedLog(options{site: by.Site, data: data, node: by.Node}, site, log)
	if err != nil {
		return nil, err
	}
	if commons == nil {
		return func() {}, nil
	}
	users.Share(identity{shared.NewBoard(client, ""), commons, "bongsu user at " + by.Node})
	return func() { commons.Close(); _ = client.Close() }, nil
}

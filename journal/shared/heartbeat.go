package shared

import (
	"context"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// ErrChanged says that somebody else has changed a note since it was read.
var ErrChanged = errors.New("it was changed elsewhere since it was read")

// ErrNoMajority says that no majority of the members has answered: nothing was changed, as far as anybody knows,
// and what was read before may be old.
var ErrNoMajority = errors.New("no quorum: read only")

// Board is small values beside the log of which only the newest matters: signs of life, accounts. What hangs there stays
// until it is replaced, also when whoever put it up is dead.
type Board struct {
	client *clientv3.Client
	space  space
}

// Note is one value of a board.
type Note struct {
	Name    string
	Value   []byte
	Version int64 // grows with every change of any note; 0 is a note that is not there
}

// NewBoard gives the board beside the log with the same prefix ("" for the usual one).
func NewBoard(client *clientv3.Client, prefix string) *Board {
	return &Board{client: client, space: newSpace(prefix)}
}

// Put hangs up a value, whatever hung there.
func (b *Board) Put(ctx context.Context, name string, value []byte) error {
	if _, err := b.client.Put(ctx, string(b.space)+name, string(value)); err != nil {
		return fmt.Errorf("hang up %s: %w: %w", name, ErrNoMajority, err)
	}
	return nil
}

// PutIf replaces a value if its version is still the given one (0: if there is none), and gives the new version.
// It answers ErrChanged, with nothing done, if it is another. After ErrNoMajority it may have been done all the same:
// reading it again tells.
func (b *Board) PutIf(ctx context.Context, name string, value []byte, version int64) (int64, error) {
	key := string(b.space) + name
	r, err := b.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", version)).Then(clientv3.OpPut(key, string(value))).Commit()
	switch {
	case err != nil:
		return 0, fmt.Errorf("change %s: %w: %w", name, ErrNoMajority, err)
	case !r.Succeeded:
		return 0, fmt.Errorf("change %s: %w", name, ErrChanged)
	}
	return r.Header.Revision, nil
}

// PutIfStill is PutIf that changes nothing either if any note whose name begins with under is newer than asOf: for what
// was decided by looking at all of them.
func (b *Board) PutIfStill(ctx context.Context, n Note, under string, asOf int64) (int64, error) {
	key := string(b.space) + n.Name
	r, err := b.client.Txn(ctx).If(
		clientv3.Compare(clientv3.ModRevision(key), "=", n.Version),
		clientv3.Compare(clientv3.ModRevision(string(b.space)+under).WithPrefix(), "<", asOf+1),
	).Then(clientv3.OpPut(key, string(n.Value))).Commit()
	switch {
	case err != nil:
		return 0, fmt.Errorf("change %s: %w: %w", n.Name, ErrNoMajority, err)
	case !r.Succeeded:
		return 0, fmt.Errorf("change %s: %w", n.Name, ErrChanged)
	}
	return r.Header.Revision, nil
}

// All reads every value whose name begins so, in the order of their names, as a majority knows them.
func (b *Board) All(ctx context.Context, under string) ([]Note, error) {
	r, err := b.client.Get(ctx, string(b.space)+under, clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w: %w", under, ErrNoMajority, err)
	}
	out := make([]Note, 0, len(r.Kvs))
	for _, kv := range r.Kvs {
		out = append(out, Note{Name: strings.TrimPrefix(string(kv.Key), string(b.space)), Value: kv.Value, Version: kv.ModRevision})
	}
	return out, nil
}

// Where on the board the nodes' signs of life hang.
const beatsUnder = "site/"

// Beat hangs up a node's newest sign of life. It is bound to nothing: the last word of a node that died can be read.
func (b *Board) Beat(ctx context.Context, site, node string, word []byte) error {
	return b.Put(ctx, beatsUnder+site+"/"+node, word)
}

// Beats reads the newest sign of life of every node.
func (b *Board) Beats(ctx context.Context) ([]Note, error) { return b.All(ctx, beatsUnder) }

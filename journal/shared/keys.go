package shared

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	// DefaultPrefix is where in etcd everything of ours stands.
	DefaultPrefix = "bongsu/"
	// ownKey begins the keys made for drafts without one; callers' keys do not begin so.
	ownKey = "~"
)

// space names the keys below a prefix.
type space string

func newSpace(prefix string) space {
	if prefix == "" {
		prefix = DefaultPrefix
	}
	return space(strings.TrimSuffix(prefix, "/") + "/")
}

func (s space) head() string            { return string(s) + "head" }
func (s space) entry(seq uint64) string { return fmt.Sprintf("%slog/%020d", string(s), seq) }
func (s space) entriesEnd() string      { return clientv3.GetPrefixRangeEnd(string(s) + "log/") }
func (s space) byKey(key string) string { return string(s) + "key/" + key }
func (s space) epoch() string           { return string(s) + "epoch" }
func (s space) leader() string          { return string(s) + "leader" }
func (s space) pulse() string           { return string(s) + "leader/pulse" }

// floor is number and hash of the newest entry that has left the members; the log begins behind it.
func (s space) floor() string            { return string(s) + "floor" }
func (s space) held(node string) string  { return string(s) + "held/" + node }
func (s space) check(node string) string { return string(s) + "check/" + node }
func (s space) want(node string) string  { return string(s) + "want/" + node }
func (s space) lend(node string) string  { return string(s) + "lend/" + node }
func (s space) relay(name string) string { return string(s) + "relay/" + name }

// seqOf is the inverse of entry.
func (s space) seqOf(key []byte) (uint64, error) {
	return strconv.ParseUint(strings.TrimPrefix(string(key), string(s)+"log/"), 10, 64)
}

// head is the newest entry, kept in a key of its own: every append compares and moves it, which is
// what keeps the chain from forking.
type head struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
	rev  int64  // revision of its last change, 0 before the first entry
}

func (h head) encode() string { return fmt.Sprintf(`{"seq":%d,"hash":%q}`, h.Seq, h.Hash) }

func decodeHead(r *clientv3.GetResponse) (head, error) {
	if len(r.Kvs) == 0 {
		return head{}, nil
	}
	h := head{rev: r.Kvs[0].ModRevision}
	if err := json.Unmarshal(r.Kvs[0].Value, &h); err != nil {
		return h, &Broken{Seq: h.Seq, Why: "the mark of the newest entry cannot be read"}
	}
	return h, nil
}

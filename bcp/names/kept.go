package names

import (
	"maps"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// mostKept is how many acts are remembered; a run has a handful.
const mostKept = 64

// attempt is one act this process has tried.
type attempt struct {
	act           bcp.Act
	before, after []dns.RR
	was, epoch    uint64      // of the group, before and wanted
	idle          bool        // it found everything as wanted
	receipt       bcp.Receipt // nil while its outcome is not known
}

// of says whether the attempt was made for this act.
func (a *attempt) of(act bcp.Act) bool {
	return a != nil && a.act.Kind == act.Kind && maps.Equal(a.act.With, act.With)
}

// attempts remembers the newest acts by their keys.
type attempts struct {
	mu    sync.Mutex
	byKey map[string]*attempt
	keys  []string
}

// get finds what was tried for a key; nil when nothing is remembered. The caller must not change it.
func (x *attempts) get(key string) *attempt {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.byKey[key]
}

func (x *attempts) put(key string, a attempt) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.keys = append(slices.DeleteFunc(x.keys, func(k string) bool { return k == key }), key)
	x.byKey[key] = &a
	if len(x.keys) > mostKept {
		delete(x.byKey, x.keys[0])
		x.keys = x.keys[1:]
	}
}

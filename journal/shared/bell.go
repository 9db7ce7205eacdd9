package shared

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// pollEvery is how often a reader looks for itself: a watch on a member that hangs says nothing.
const pollEvery = 500 * time.Millisecond

// bell rings when a key has changed. What has changed is read afterwards, so a lost ring costs no
// more than pollEvery, and neither compaction nor a reconnect loses anything.
type bell struct {
	client *clientv3.Client
	key    string
	opts   []clientv3.OpOption
	cancel context.CancelFunc
	rings  chan struct{} // nil while the bell does not hang
	down   chan struct{} // closed when the watch has ended
	silent bool          // the last wait ended without a ring
}

func newBell(client *clientv3.Client, key string, opts ...clientv3.OpOption) *bell {
	return &bell{client: client, key: key, opts: append(opts, clientv3.WithCreatedNotify())}
}

// hang begins a watch. It has a goroutine because the client does not come back from asking for one
// before a member has answered, and that one may be frozen.
func (b *bell) hang(ctx context.Context) {
	ctx, b.cancel = context.WithCancel(clientv3.WithRequireLeader(ctx))
	rings, down := make(chan struct{}, 1), make(chan struct{})
	b.rings, b.down = rings, down
	go func() {
		defer close(down)
		// The first ring says that the bell hangs: what happened before is read after it.
		watch := b.client.Watch(ctx, b.key, b.opts...)
		for {
			select {
			case r, ok := <-watch:
				if !ok || r.Err() != nil {
					return
				}
			case <-ctx.Done(): // the client closes the watch only once a member has answered
				return
			}
			select {
			case rings <- struct{}{}:
			default:
			}
		}
	}()
}

// heard is told that there was news. If the bell had not rung for it, it hangs at a member that no
// longer speaks, and is hung elsewhere.
func (b *bell) heard() {
	if b.silent {
		b.stop()
	}
	b.silent = false
}

func (b *bell) stop() {
	if b.rings == nil {
		return
	}
	b.cancel()
	<-b.down
	b.rings = nil
}

// wait returns after a ring, or after pollEvery.
func (b *bell) wait(ctx context.Context) error {
	if b.rings == nil {
		b.hang(ctx)
	}
	t := time.NewTimer(pollEvery)
	defer t.Stop()
	select {
	case <-b.rings:
		b.silent = false
		return ctx.Err()
	case <-t.C:
		b.silent = true
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-b.down:
		b.stop()
	}
	// A watch that ends at once is not renewed without rest.
	return sleep(ctx, pollEvery/5)
}

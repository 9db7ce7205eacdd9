package messenger

import (
	"context"
	"log/slog"

	"bongsu/bcp"
)

// Messenger calls one messenger in all its sites. Its adapters and its watcher share what the sites said, so
// that the answer to an order is a fact at once.
type Messenger struct {
	cfg Config
	log *slog.Logger
}

// New reads the secrets beside the configuration file in dir; it calls nobody yet. The configuration must have
// passed its Check.
func New(cfg Config, dir string, log *slog.Logger) (*Messenger, error) {
	cfg, err := cfg.withDefaults().secrets(dir)
	if err != nil {
		return nil, err
	}
	return &Messenger{cfg: cfg, log: log}, nil
}

// Adapters are the hands by kind of act: fence, promote, shed, drain and compensate of failover runs, and
// messenger and synthetic of playbooks.
func (m *Messenger) Adapters() map[string]bcp.Adapter { return map[string]bcp.Adapter{} }

// Permissions is the run without action: from the target, as if the source were unreachable, every endpoint,
// token and order that a move needs is tried without effect. Words say what failed.
func (m *Messenger) Permissions(ctx context.Context, source, target string) (bcp.Permissions, []string) {
	return bcp.Permissions{}, []string{"nothing was tried"}
}

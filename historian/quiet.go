package historian

import (
	"context"
	"log/slog"
)

// quietly passes on warnings and worse. The store tells every step of its start at level info, which
// would push what an operator must read off the screen.
type quietly struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quietly) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// WithAttrs implements slog.Handler.
func (q quietly) WithAttrs(a []slog.Attr) slog.Handler { return quietly{q.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (q quietly) WithGroup(name string) slog.Handler { return quietly{q.Handler.WithGroup(name)} }

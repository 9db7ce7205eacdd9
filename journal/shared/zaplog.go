package shared

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// zapToSlog gives etcd a logger that writes what is at least a warning to log. What etcd would end
// the process for goes to fatal instead, on the goroutine that found it.
func zapToSlog(log *slog.Logger, fatal func(string)) *zap.Logger {
	lg := zap.New(slogCore{log: log})
	if fatal != nil {
		lg = lg.WithOptions(zap.WithFatalHook(fatalHook(fatal)), zap.WithPanicHook(fatalHook(fatal)))
	}
	return lg
}

// fatalHook hands a fatal entry's words on.
type fatalHook func(string)

// OnWrite never comes back: nothing may run behind a fault that should have ended the process.
func (h fatalHook) OnWrite(e *zapcore.CheckedEntry, fields []zapcore.Field) {
	text := e.Message
	for _, a := range attrs(fields) {
		text += fmt.Sprint(" ", a)
	}
	h(text)
	select {}
}

// slogCore is a zapcore.Core that writes to slog.
type slogCore struct {
	log *slog.Logger
}

func (c slogCore) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

func (c slogCore) With(fields []zapcore.Field) zapcore.Core {
	return slogCore{log: c.log.With(attrs(fields)...)}
}

func (c slogCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// onePort is etcd's advice, at each start, to give its gRPC and its few HTTP pages a port each. It is
// meant for clients by the thousand; here it would only teach people to overlook warnings.
const onePort = "Running http and grpc server on single port. This is not recommended for production."

func (c slogCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	level := slog.LevelWarn
	if e.Level > zapcore.WarnLevel {
		level = slog.LevelError
	}
	if e.Message == onePort {
		level = slog.LevelDebug
	}
	c.log.Log(context.Background(), level, e.Message, attrs(fields)...)
	return nil
}

func (c slogCore) Sync() error { return nil }

func attrs(fields []zapcore.Field) []any {
	m := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(m)
	}
	out := make([]any, 0, len(m.Fields))
	for _, k := range slices.Sorted(maps.Keys(m.Fields)) {
		out = append(out, slog.Any(k, m.Fields[k]))
	}
	return out
}

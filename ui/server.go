package ui

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"reflect"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"bongsu/bcp"
)

const (
	livePath  = "/api/v1/live"
	stopWait  = 5 * time.Second // how long answers under way may take when the server stops
	keepEvery = 5 * time.Second // how often sessions are written to their file
)

// Server is the console. New connects nothing; Run serves.
type Server struct {
	cfg       Config
	log       *slog.Logger
	started   time.Time
	sessions  *scs.SessionManager
	store     *sessionStore
	limiter   *limiter
	enrolling enrolling
	troubles  troubles
	replies   *replies
	hub       *hub
	present   presence
	supply    *supplyDesk
	metrics   *metrics
	pages     *pages
	simulator *httputil.ReverseProxy
	floor     floor
	engine    *gin.Engine
	api       huma.API
	handler   http.Handler
}

// New builds a console from its parts. The error names every fault of the configuration.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, log: cfg.Log, started: time.Now(), limiter: newLimiter(), replies: newReplies(), simulator: newSimulator(cfg)}
	if keys := cfg.Users.unknownKeys(); len(keys) > 0 {
		s.log.Warn("the file of accounts has keys that this program does not know; they are kept as they are: is it of a newer program, or a slip of the hand?", "keys", keys)
	}
	var err error
	if s.store, err = openSessions(cfg.SessionFile); err != nil {
		s.log.Warn("former sessions are lost: everyone logs in again", "cause", err)
	}
	s.sessions = newSessions(cfg, s.store)
	if s.metrics, err = newMetrics(cfg); err != nil {
		return nil, fmt.Errorf("console: metrics: %w", err)
	}
	s.hub, s.supply = newHub(cfg, s.metrics.late), newSupplyDesk(cfg.Model)
	if err = s.metrics.registry.Register(viewerCollector{s.hub}); err != nil {
		return nil, fmt.Errorf("console: metrics: %w", err)
	}
	if s.pages, err = newPages(cfg.Web); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	s.engine = s.newEngine()
	s.api = humagin.New(s.engine, apiConfig(cfg))
	s.mountRoutes(routes)
	s.handler = headers(sameOrigin(newIDPaths(routes).fold(s.withSession(s.engine))))
	return s, nil
}

func (s *Server) newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.UseRawPath, e.HandleMethodNotAllowed = true, true
	e.RedirectTrailingSlash = false
	e.Use(s.metrics.measure, s.survive, s.identify, s.once)
	e.NoRoute(s.noRoute)
	e.NoMethod(s.noMethod)
	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	e.GET("/metrics", gin.WrapH(s.metrics.handler()))
	return e
}

func apiConfig(cfg Config) huma.Config {
	c := huma.DefaultConfig("Bongsu", cfg.Build)
	c.OpenAPIPath = "/api/openapi"
	c.DocsPath, c.SchemasPath = "", "" // the documentation page would load from outside hosts
	c.CreateHooks = nil
	c.Transformers = []huma.Transformer{advise}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "bongsu_" + cfg.Node},
		"token":   {Type: "http", Scheme: "bearer"},
	}
	return c
}

// schemaName tells the organisation's words apart from those of the same name here.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == reflect.TypeFor[bcp.Picture]().PkgPath() {
		return "Org" + name
	}
	return name
}

// withSession loads sessions for the API only: pages and probes need none, and an answer with a cookie
// could not be cached.
func (s *Server) withSession(next http.Handler) http.Handler {
	loaded := s.sessions.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, token := bearer(r); isAPI(r.URL.Path) && !token {
			loaded.ServeHTTP(w, r)
			return
		}
		ctx, err := s.sessions.Load(r.Context(), "")
		if err != nil {
			s.sessions.ErrorFunc(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// hashed is how the session store names a token.
func (s *Server) hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// survive turns a programmer's mistake in one call into an answer, so that the console goes on.
func (s *Server) survive(c *gin.Context) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(r)
		}
		s.log.Error("a call failed", "path", c.Request.URL.Path, "cause", fmt.Sprint(r), "stack", string(debug.Stack()))
		c.Abort()
		if !c.Writer.Written() {
			sendProblem(c.Writer, problem(http.StatusInternalServerError, "This call failed by a fault in the program, which is in the log of the desk. Other calls are not affected."))
		}
	}()
	c.Next()
}

// Handler is the console without its listener, for tests. Streams get their ticks while Serve or Run runs.
func (s *Server) Handler() http.Handler { return s.handler }

// Run listens and serves until ctx ends or serving fails.
func (s *Server) Run(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("console: %s is in use by another program: stop it, or choose another address with --listen: %w", s.cfg.Listen, err)
	}
	if err != nil {
		return fmt.Errorf("console: listen on %s: %w", s.cfg.Listen, err)
	}
	return s.Serve(ctx, ln)
}

// Serve serves on a listener, which it closes, until ctx ends or serving fails. Open streams end at once
// when ctx does; other answers have 5 s to finish.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	parts.Go(func() { s.hub.run(ctx) })
	parts.Go(func() { s.keep(ctx) })
	parts.Go(func() { s.supply.run(ctx) })
	srv := &http.Server{
		Handler: s.handler, TLSConfig: s.cfg.TLS, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	s.log.Info("console serves", "address", ln.Addr().String(), "node", s.cfg.Node, "build", s.cfg.Build)
	failed := make(chan error, 1)
	parts.Go(func() {
		if s.cfg.TLS != nil {
			failed <- srv.ServeTLS(ln, "", "")
			return
		}
		failed <- srv.Serve(ln)
	})
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("console: serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	cancel()
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer done()
	if e := srv.Shutdown(stop); e != nil {
		_ = srv.Close()
	}
	parts.Wait()
	return err
}

// keep takes in accounts that were changed by another process and writes sessions to their file.
func (s *Server) keep(ctx context.Context) {
	users, sessions := time.NewTicker(time.Second), time.NewTicker(keepEvery)
	defer users.Stop()
	defer sessions.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			if err := s.store.save(); err != nil {
				s.log.Warn("sessions were not kept: everyone logs in again", "cause", err)
			}
			return
		case <-users.C:
			said = s.onChange("accounts stay as they were", s.cfg.Users.refresh(), said)
		case <-sessions.C:
			if err := s.store.save(); err != nil {
				s.log.Debug("sessions were not kept", "cause", err)
			}
		}
	}
}

// onChange logs a repeated fault once.
func (s *Server) onChange(what string, err error, said string) string {
	now := ""
	if err != nil {
		now = err.Error()
	}
	if now != said && err != nil {
		s.log.Error(what, "cause", err)
	}
	return now
}

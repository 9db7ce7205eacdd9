package ui

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	simPath    = "/api/v1/sim/"
	simUp      = "/sim/v1/"
	simTimeout = 5 * time.Second
)

// newSimulator passes calls on to the simulator's control API, nil on a site that has none.
func newSimulator(cfg Config) *httputil.ReverseProxy {
	if cfg.Simulator == "" {
		return nil
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL = &url.URL{Scheme: "http", Host: cfg.Simulator, Path: r.Out.URL.Path, RawPath: r.Out.URL.RawPath, RawQuery: r.In.URL.RawQuery}
			r.Out.Host = cfg.Simulator
			// The session is the console's own business.
			for _, name := range []string{"Cookie", "Authorization", "Idempotency-Key", "Origin", "Referer"} {
				r.Out.Header.Del(name)
			}
		},
		Transport: &http.Transport{ResponseHeaderTimeout: simTimeout, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 8},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Set-Cookie")
			markReached(r.Request.Context())
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if errors.Is(err, context.Canceled) {
				return // the browser went away
			}
			cfg.Log.Warn("the simulator did not answer", "address", cfg.Simulator, "cause", err)
			sendProblem(w, problem(http.StatusBadGateway, "The simulator did not answer. See whether bongsu-sim runs and listens on %s.", cfg.Simulator))
		},
	}
}

func (s *Server) passToSimulator(c *gin.Context) {
	if s.simulator == nil {
		sendProblem(c.Writer, problem(http.StatusNotFound, "This site has no simulator: its devices are real."))
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), simTimeout)
	defer cancel()
	r := c.Request.Clone(ctx)
	// The path is the router's, so that nothing outside the simulator's own API can be named.
	up := (&url.URL{Path: simUp}).JoinPath(c.Param("path"))
	if len(up.Path) < len(simUp) || up.Path[:len(simUp)] != simUp {
		sendProblem(c.Writer, problem(http.StatusNotFound, "The simulator's API has no such path."))
		return
	}
	r.URL.Path, r.URL.RawPath = up.Path, up.RawPath
	s.simulator.ServeHTTP(c.Writer, r)
}

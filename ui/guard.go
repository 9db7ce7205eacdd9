package ui

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// contentPolicy lets the page load nothing from elsewhere and nobody frame it.
const contentPolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// headers sets what every answer carries.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if isAPI(r.URL.Path) {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// sameOrigin refuses requests that change something and come from another site's page.
func sameOrigin(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions || !isAPI(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		if err := cross.Check(r); err != nil {
			sendProblem(w, problem(http.StatusForbidden, "This request came from another site's page and was refused. Use the console's own pages, or an API token outside a browser."))
			return
		}
		if p := jsonOnly(r); p != nil {
			sendProblem(w, p)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyMost)
		next.ServeHTTP(w, r)
	})
}

// jsonOnly refuses the content types a form on another site can send. A request without a body needs none.
func jsonOnly(r *http.Request) huma.StatusError {
	given := r.Header.Get("Content-Type")
	if given == "" && r.ContentLength == 0 {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(given); err != nil || kind != "application/json" {
		return problem(http.StatusUnsupportedMediaType, "The body must be JSON: send it with Content-Type: application/json.")
	}
	return nil
}

// idPaths knows which paths hold an id that may have slashes in it, and what may follow the id.
type idPaths map[string][][]string // path up to the id -> what may follow it, longest first, in segments

func newIDPaths(table []route) idPaths {
	p := idPaths{}
	for _, r := range table {
		before, after, ok := strings.Cut(r.path, "{id}")
		if ok && after != "" {
			p[before] = append(p[before], strings.Split(strings.TrimPrefix(after, "/"), "/"))
		} else if ok && p[before] == nil {
			p[before] = [][]string{}
		}
	}
	for _, after := range p {
		slices.SortStableFunc(after, func(a, b []string) int { return len(b) - len(a) })
	}
	return p
}

// fold makes one path segment of an id written with plain slashes, so that both spellings of
// points/a/b/history and points/a%2Fb/history lead to the same place.
func (p idPaths) fold(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, ok := p.folded(r.URL); ok {
			r2 := new(http.Request)
			*r2 = *r
			r2.URL = u
			r = r2
		}
		next.ServeHTTP(w, r)
	})
}

func (p idPaths) folded(u *url.URL) (*url.URL, bool) {
	escaped := u.EscapedPath()
	for before, words := range p {
		rest, ok := strings.CutPrefix(escaped, before)
		if !ok {
			continue
		}
		parts := strings.Split(rest, "/")
		id, follows := parts, []string(nil)
		for _, after := range words {
			if n := len(parts) - len(after); n > 0 && fits(parts[n:], after) {
				id, follows = parts[:n], parts[n:]
				break
			}
		}
		if len(id) == 1 {
			return nil, false // one segment already
		}
		raw := before + strings.Join(append([]string{strings.Join(id, "%2F")}, follows...), "/")
		plain, err := url.PathUnescape(raw)
		if err != nil {
			return nil, false
		}
		v := *u
		v.Path, v.RawPath = plain, raw
		return &v, true
	}
	return nil, false
}

// fits says whether the end of a path is what a route has there; anything fits into braces.
func fits(parts, after []string) bool {
	for i, word := range after {
		if parts[i] == "" || parts[i] != word && !strings.HasPrefix(word, "{") {
			return false
		}
	}
	return true
}

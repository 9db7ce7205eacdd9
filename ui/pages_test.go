package ui

import (
	"strings"
	"testing"
	"testing/fstest"
)

var fakeWeb = fstest.MapFS{
	"index.html":         {Data: []byte("<!doctype html><head><title>console</title></head>" + strings.Repeat("<!-- -->", 50))},
	"assets/app-1234.js": {Data: []byte(strings.Repeat("console.log(1);", 200))},
	"favicon.svg":        {Data: []byte("<svg/>")},
	".keep":              {},
}

func TestPagesAreServedAsABrowserNeedsThem(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.header["Accept-Encoding"] = "identity"
	for path, want := range map[string]struct {
		status       int
		cache, shows string
	}{
		"/":                        {200, "no-store", "console"},
		"/a":                       {200, "no-store", "console"},
		"/w/I-2026-014":            {200, "no-store", "console"},
		"/index.html":              {200, "no-store", "console"},
		"/favicon.svg":             {200, "no-cache", "<svg"},
		"/assets/app-1234.js":      {200, "public, max-age=31536000, immutable", "console.log"},
		"/assets/app-gone.js":      {404, "no-store", "no such asset"},
		"/.keep":                   {200, "no-store", "console"},
		"/../../etc/passwd":        {200, "no-store", "console"},
		"/assets/../index.html":    {404, "no-store", ""},
		"/assets/%2e%2e/index.htm": {404, "no-store", ""},
	} {
		a := b.get(path).want(want.status)
		if a.header.Get("Cache-Control") != want.cache || !strings.Contains(string(a.body), want.shows) {
			t.Errorf("%s: cache %q, body %.40q, want %q and %q", path, a.header.Get("Cache-Control"), a.body, want.cache, want.shows)
		}
	}
	b.header["Accept-Encoding"] = "gzip"
	if a := b.get("/assets/app-1234.js").want(200); a.header.Get("Content-Encoding") != "gzip" || len(a.body) > 500 {
		t.Errorf("a script is sent as %q of %d bytes, want it compressed", a.header.Get("Content-Encoding"), len(a.body))
	}
	b.post("/a", "{}").want(405)
}

func TestEachPageAllowsOnlyItsOwnStyles(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	for range 3 {
		a := h.browser().get("/o").want(200)
		_, after, _ := strings.Cut(string(a.body), `<head><meta property="csp-nonce" nonce="`)
		nonce, _, _ := strings.Cut(after, `"`)
		if len(nonce) < 20 || seen[nonce] {
			t.Fatalf("the page's number is %q, before it %v", nonce, seen)
		}
		seen[nonce] = true
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self' 'nonce-"+nonce+"'") || strings.Contains(policy, "unsafe") {
			t.Errorf("the policy is %s", policy)
		}
	}
}

func TestWithoutAFrontEndThePageSaysHowToBuildIt(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Web = fstest.MapFS{".keep": {}} })
	a := h.browser().get("/o").want(200)
	if !strings.Contains(string(a.body), "make build") {
		t.Errorf("the page says %s", a.body)
	}
	if _, err := newPages(Embedded()); err != nil {
		t.Errorf("the embedded folder: %v", err)
	}
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/", "/api/v1/site", "/api/nothing", "/healthz", "/assets/none.js"} {
		a := h.browser().get(path)
		if !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Referrer-Policy") == "" {
			t.Errorf("%s: headers %v", path, a.header)
		}
	}
}

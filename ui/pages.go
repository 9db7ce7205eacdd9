package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// notBuilt is served when the program was compiled without the front end.
const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Bongsu</title>
<h1>Bongsu</h1><p>The console's pages are not built into this program. Run <code>make build</code> in the source folder, then start bin/bongsu again.</p>
<p lang="ko">이 프로그램에는 화면이 들어 있지 않습니다. 소스 폴더에서 <code>make build</code>를 실행한 다음 bin/bongsu를 다시 시작하십시오.</p>
<p>The API works: <a href="/api/openapi.json">/api/openapi.json</a></p></html>
`

// page is one file of the front end, ready to be sent.
type page struct {
	kind   string
	plain  []byte
	packed []byte // gzip, nil when it would not be smaller
}

// pages is the whole front end in memory: it is small, and compressing it once costs less than each time.
type pages struct {
	files map[string]page
	index page
}

func newPages(web fs.FS) (*pages, error) {
	p := &pages{files: map[string]page{}, index: page{kind: "text/html; charset=utf-8", plain: []byte(notBuilt)}}
	if web == nil {
		return p, nil
	}
	err := fs.WalkDir(web, ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == "." {
			return fs.SkipAll
		}
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		text, err := fs.ReadFile(web, name)
		if err != nil {
			return err
		}
		p.files["/"+name] = newPage(name, text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the front end: %w", err)
	}
	if index, ok := p.files["/index.html"]; ok {
		p.index = index
	}
	return p, nil
}

func newPage(name string, text []byte) page {
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // not every system's table knows these
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".woff2":
		kind = "font/woff2"
	case ".webmanifest":
		kind = "application/manifest+json"
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	f := page{kind: kind, plain: text}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	if err == nil && w.Close() == nil && b.Len() < len(text)*9/10 {
		f.packed = b.Bytes()
	}
	return f
}

// withNonce marks the page with a number used once and allows the styles that carry it: the widgets' library
// adds a few rules of its own while the page runs, and finds the number in this element.
func withNonce(index page) (page, string) {
	nonce := rand.Text()
	mark := `<head><meta property="csp-nonce" nonce="` + nonce + `">`
	marked := page{kind: index.kind, plain: bytes.Replace(index.plain, []byte("<head>"), []byte(mark), 1)}
	return marked, contentPolicy + "; style-src 'self' 'nonce-" + nonce + "'"
}

// ServeHTTP serves files by name and the page itself for every path the page's own router knows. A missing
// asset is missing: the page in its place would be run as a script.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "pages are read with GET", http.StatusMethodNotAllowed)
		return
	}
	f, found := p.files[r.URL.Path]
	switch {
	case found && strings.HasPrefix(r.URL.Path, "/assets/"):
		h.Set("Cache-Control", "public, max-age=31536000, immutable") // their names carry a hash
	case strings.HasPrefix(r.URL.Path, "/assets/"):
		h.Set("Cache-Control", "no-store")
		http.Error(w, "no such asset: load the page again, it has newer ones", http.StatusNotFound)
		return
	case found && r.URL.Path != "/index.html":
		h.Set("Cache-Control", "no-cache")
	default:
		var policy string
		f, policy = withNonce(p.index)
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policy)
	}
	body := f.plain
	h.Set("Content-Type", f.kind)
	h.Add("Vary", "Accept-Encoding")
	if f.packed != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a browser that went away needs no answer
	}
}

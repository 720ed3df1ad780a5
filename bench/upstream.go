package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// nodeKeepAlive is how long Node.js keeps an idle connection, and says so.
const nodeKeepAlive = 5 * time.Second

// startUpstream starts the server that stands behind the proxies. Flags are those of serveUpstream.
func (b *bench) startUpstream(ctx context.Context, flags ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding our own binary: %w", err)
	}
	return b.fleet.serve(ctx, "upstream", "127.0.0.1", func(addr string) (*exec.Cmd, error) {
		return exec.CommandContext(ctx, self, append([]string{upstreamCommand, "-listen", addr}, flags...)...), nil
	})
}

// serveUpstream answers every path like a small Next.js: a page of a build as a stream, one below demandPage that is
// for all, with ?chunks= a made-up stream (with &events= one of events), otherwise a page of ?bytes=. Of a POST it
// reads the body.
func serveUpstream(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(upstreamCommand, flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on")
	build := flags.String("pages", "", "directory of pages to stream")
	delay := flags.Duration("delay", 0, "time before each answer")
	name := flags.String("name", "", "what each answer says in "+answeredBy)
	if err := flags.Parse(args); err != nil {
		return err
	}
	pages, err := readPages(*build)
	if err != nil {
		return err
	}
	text := sampleText(1 << 20)
	server := &http.Server{
		Addr:              *listen,
		IdleTimeout:       nodeKeepAlive,
		ReadHeaderTimeout: patience,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(*delay)
			header := w.Header()
			header.Set("Content-Type", "text/html; charset=utf-8")
			header.Set("Keep-Alive", fmt.Sprintf("timeout=%d", int(nodeKeepAlive.Seconds())))
			header.Set("Vary", "rsc, next-router-state-tree, next-router-prefetch, next-router-segment-prefetch")
			header.Set("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate")
			header.Set("X-Powered-By", "Next.js")
			if *name != "" {
				header.Set(answeredBy, *name)
			}
			if !takesAction(w, r, *name) {
				return
			}
			if seconds := r.URL.Query().Get("shared"); seconds != "" {
				header.Set("Cache-Control", "s-maxage="+seconds)
			}
			if strings.HasPrefix(r.URL.Path, demandPage) {
				header.Set("Cache-Control", "s-maxage=31536000")
				header.Set("X-Nextjs-Cache", "HIT")
				header.Set("Content-Length", strconv.Itoa(10<<10))
				_, _ = w.Write(text[:10<<10]) // the client notices
				return
			}
			if page, ok := pages[r.URL.Path]; ok {
				page.write(w)
				return
			}
			if plan, ok := parseChunkPlan(r.URL.Query()); ok {
				if r.URL.Query().Has("events") {
					header.Set("Content-Type", "text/event-stream")
				}
				_ = plan.write(w, text) // the client notices
				return
			}
			length, err := strconv.Atoi(r.URL.Query().Get("bytes"))
			if err != nil || length < 0 || length > len(text) {
				http.Error(w, "bytes: expected a length", http.StatusBadRequest)
				return
			}
			header.Set("Content-Length", strconv.Itoa(length))
			_, _ = w.Write(text[:length]) // the client notices
		}),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving as upstream: %w", err)
	}
	return nil
}

// answeredBy is the header in which an upstream says its name.
const answeredBy = "X-Answered-By"

// takesAction reads the body of a server action. It reports false, and has answered, if ?knownby= says that another
// upstream knows it.
func takesAction(w http.ResponseWriter, r *http.Request, name string) bool {
	if r.Method != http.MethodPost {
		return true
	}
	_, _ = io.Copy(io.Discard, r.Body) // the client notices
	if by := r.URL.Query().Get("knownby"); by == "" || by == name {
		return true
	}
	w.Header().Set("X-Nextjs-Action-Not-Found", "1")
	http.Error(w, "Server action not found.", http.StatusConflict)
	return false
}

// sampleText returns text that compresses about as well as a page does, the same at every call, without line breaks.
func sampleText(length int) []byte {
	words := strings.Fields(`<div class="report"> </div> <p> </p> <span> </span> the lantern is lit wind west southwest force
		four cloud in north stars south visibility as far you like two ships answered one of them politely beam passing
		skerries now somebody reading gauge footsteps on stairs keeper harbour tide page stream component server`)
	random := rand.New(rand.NewPCG(1, 2)) // it must be the same at every call
	text := make([]byte, 0, length+64)
	for len(text) < length {
		text = append(text, words[random.IntN(len(words))]...)
		if random.IntN(8) == 0 {
			text = strconv.AppendUint(text, random.Uint64N(1_000_000), 36)
		}
		text = append(text, ' ')
	}
	return text[:length]
}

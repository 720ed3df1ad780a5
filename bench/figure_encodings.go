package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
)

// measureEncodings compares what streamed pages cost in each encoding, and how many bytes they come as. The pages are
// those that Next.js has rendered for the example.
func measureEncodings(ctx context.Context, b *bench) ([]row, error) {
	dir, err := b.pagesDir()
	if err != nil || dir == "" {
		return nil, err
	}
	upstream, err := b.startUpstream(ctx, "-pages", dir)
	if err != nil {
		return nil, err
	}
	proxies, err := b.proxies(ctx, upstream.addr)
	if err != nil {
		return nil, err
	}
	var encoders []encoder
	var subjects []subject
	for _, encoding := range []string{"", "gzip", "zstd", "br"} {
		for _, proxy := range proxies {
			e := encoder{proxy: proxy, encoding: encoding}
			if !e.able() {
				continue
			}
			if err := e.check(ctx, upstream.addr); err != nil {
				return nil, err
			}
			encoders = append(encoders, e)
			subjects = append(subjects, subject{name: e.name(), addr: proxy.addr, process: proxy.process})
		}
	}
	measured, err := interleave(ctx, b.encodeRounds, subjects, func(ctx context.Context, s subject) (encodeCost, error) {
		e := encoders[slices.IndexFunc(encoders, func(e encoder) bool { return e.name() == s.name })]
		return e.cost(ctx, b.encodePages)
	})
	if err != nil {
		return nil, err
	}
	return encodingRows(encoders, measured), nil
}

// encodingRows compares every encoding of ours with the same of the peers, and br, which they have not, with ours that
// clients would get instead.
func encodingRows(encoders []encoder, measured map[string][]encodeCost) []row {
	var rows []row
	for _, encoding := range []string{"", "gzip", "zstd", "br"} {
		micros, kilobytes := map[string][]float64{}, map[string][]float64{}
		label := encoder{encoding: encoding}.label()
		for _, e := range encoders {
			name := e.proxy.name
			switch {
			case e.encoding == encoding:
			case encoding == "br" && name == nameOurs && e.encoding != "":
				name = e.encoding
			default:
				continue
			}
			for _, cost := range measured[e.name()] {
				micros[name] = append(micros[name], cost.micros)
				kilobytes[name] = append(kilobytes[name], cost.bytes/1000)
			}
		}
		var limit limits
		if encoding != "br" {
			limit.Limit = 1.10
		}
		rows = append(rows, compareAll(fmt.Sprintf("streamed page as %s, CPU per answer", label), "us", micros, limit)...)
		if encoding != "" {
			rows = append(rows, compareAll(fmt.Sprintf("streamed page as %s, length", label), "kB", kilobytes, limits{})...)
		}
	}
	return rows
}

// encoder is a proxy that is asked for one encoding.
type encoder struct {
	proxy    subject
	encoding string
}

func (e encoder) label() string {
	if e.encoding == "" {
		return "identity"
	}
	return e.encoding
}

func (e encoder) name() string { return e.proxy.name + " " + e.label() }

// able reports whether the proxy knows the encoding.
func (e encoder) able() bool {
	switch e.encoding {
	case "br":
		return e.proxy.name == nameOurs
	case "zstd":
		return e.proxy.name != nameNginx
	}
	return true
}

// check compares each page, decoded, with what the upstream sends.
func (e encoder) check(ctx context.Context, upstream string) error {
	for _, path := range pagePaths() {
		want, err := readPage(ctx, upstream, path, "")
		if err != nil {
			return err
		}
		got, err := readPage(ctx, e.proxy.addr, path, e.encoding)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name(), err)
		}
		if !bytes.Equal(want, got) {
			return fmt.Errorf("%s: %s differs from what the upstream sends", e.name(), path)
		}
	}
	return nil
}

func readPage(ctx context.Context, addr, path, encoding string) ([]byte, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	res, err := c.get(path, encoding)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() // it has been read
	if got := res.Header.Get("Content-Encoding"); got != encoding {
		return nil, fmt.Errorf("%s came with Content-Encoding %q, expected %q", path, got, encoding)
	}
	body, err := decoder(res.Body, encoding)
	if err != nil {
		return nil, err
	}
	defer body.Close() // it has been read
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return text, nil
}

// encodeCost is what an answer costs: microseconds of CPU time of the proxy, and bytes on the wire without the head.
type encodeCost struct{ micros, bytes float64 }

func (e encoder) cost(ctx context.Context, pages int) (encodeCost, error) {
	l := load{paths: pagePaths(), requests: pages, concurrency: concurrency, encoding: e.encoding}
	var received int64
	spent, err := cpuOf(func() (err error) {
		received, err = l.transfer(ctx, e.proxy.addr)
		return err
	}, e.proxy.process)
	if err != nil {
		return encodeCost{}, err
	}
	return encodeCost{float64(spent[0].Microseconds()) / float64(pages), float64(received) / float64(pages)}, nil
}

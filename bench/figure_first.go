package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// measureFirst compares how long the first client waits that asks for a wide AVIF: ours answers with another format
// first, Next.js with the AVIF.
func measureFirst(ctx context.Context, b *bench) ([]row, error) {
	if b.node == "" {
		return nil, nil
	}
	i, err := b.startImages(ctx, "")
	if err != nil || i == nil {
		return nil, err
	}
	measured, photographs := map[string][]float64{}, i.classes[0].Files
	for round := range i.rounds + 1 {
		for _, name := range photographs {
			for _, s := range i.turn(round) {
				if s.name == nameImgproxy {
					continue
				}
				waited, err := s.waitForFirst(ctx, s.imagePath(fmt.Sprintf("/%d/%s", round, name), avifFormat, 1920))
				if err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
				if round > 0 { // the first pictures of a process load code
					measured[s.name] = append(measured[s.name], float64(waited.Microseconds())/1000)
				}
			}
		}
	}
	name := fmt.Sprintf("first answer to an AVIF of %d photographs, 1920 wide", len(photographs))
	return compareAll(name, "ms", measured, limits{Limit: 0.5}), nil
}

// waitForFirst is the time until the first answer for an AVIF has come. It returns when there is the AVIF: nothing is
// made in the background then.
func (s subject) waitForFirst(ctx context.Context, path string) (first time.Duration, err error) {
	for begin := time.Now(); ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		mime, err := imageType(ctx, s.addr, path)
		if err != nil {
			return 0, err
		}
		if first == 0 {
			first = time.Since(begin)
		}
		if mime == "image/avif" {
			return first, nil
		}
	}
	return 0, fmt.Errorf("waiting for an AVIF: %w", ctx.Err())
}

// imageType asks a server for an AVIF, reads the answer and returns its type.
func imageType(ctx context.Context, addr, path string) (string, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return "", err
	}
	defer c.close()
	c.accept = imageFormats[avifFormat].accept
	res, err := c.get(path, "")
	if err != nil {
		return "", err
	}
	defer res.Body.Close() // it has been read
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return res.Header.Get("Content-Type"), nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sitePeriod is how long a page of the site is fresh: bench/site/app/shelf/[slug]/page.js.
const sitePeriod = 5 * time.Second

// replayPeriods is over how many of them a replay is spread.
const replayPeriods = 3

// measureNavigations replays what browsers ask for, to a site of 200 pages that are made on demand. A redirect, or
// anything else that is not a page, is an error.
func measureNavigations(ctx context.Context, b *bench) ([]row, error) {
	site, err := b.startSite(ctx)
	if err != nil || site == nil {
		return nil, err
	}
	ours, err := b.startCaddy(ctx, nameOurs, oursCache(site.addr, b.siteBuild()), "off")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, pages := range []struct {
		slug, name string
		limits
	}{
		{"page", "pages that stay as they are", limits{Limit: 98, Least: true, OnValue: true}},
		{"live", "pages that are new each time", limits{}},
	} {
		r := replay{site: pages.slug, visits: visits(b.navigations), lasts: replayPeriods * sitePeriod}
		if err := r.run(ctx, ours.addr); err != nil {
			return rows, fmt.Errorf("%s: %w", pages.name, err)
		}
		renders, err := rendersOf(ctx, site.addr, pages.slug)
		if err != nil {
			return rows, err
		}
		name := fmt.Sprintf("%d navigations, %s: ", b.navigations, pages.name)
		rows = append(rows,
			row{Name: name + "answered without asking Next.js", Unit: "%", Ours: r.percent(&r.answered), limits: pages.limits},
			row{Name: name + "of these, not waiting for another client's answer", Unit: "%", Ours: r.percent(&r.hits)},
			row{Name: name + "most renders of a page per period", Ours: float64(renders) / r.periods(), limits: limits{Limit: 2, OnValue: true}},
		)
	}
	return rows, nil
}

// replay is what browsers do, and how they were answered.
type replay struct {
	site   string
	visits []visit
	lasts  time.Duration

	turn, asked    atomic.Int64
	hits, answered atomic.Int64 // from the cache; and by the answer to another client too, which was on its way
	took           time.Duration
}

// run lets as many browsers as the load generator has connections visit the site, at an even pace.
func (r *replay) run(ctx context.Context, addr string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	begin := time.Now()
	var browsers sync.WaitGroup
	for range concurrency {
		browsers.Go(func() {
			if err := r.browse(ctx, addr, begin); err != nil {
				cancel(err)
			}
		})
	}
	browsers.Wait()
	r.took = time.Since(begin)
	return context.Cause(ctx)
}

func (r *replay) browse(ctx context.Context, addr string, begin time.Time) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.close()
	for {
		n := int(r.turn.Add(1)) - 1
		if n >= len(r.visits) {
			return nil
		}
		for number := range r.visits[n].views {
			due := begin.Add(r.lasts * time.Duration(n*viewsOfVisit+number) / time.Duration(len(r.visits)*viewsOfVisit))
			select {
			case <-time.After(time.Until(due)):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			for _, a := range r.visits[n].requests(r.site, number) {
				if err := r.ask(c, a); err != nil {
					return err
				}
			}
		}
	}
}

func (r *replay) ask(c *client, a asking) error {
	res, err := c.get(a.path, "", a.headers...)
	if err != nil {
		return err
	}
	defer res.Body.Close() // it has been read
	if _, err := readBody(res); err != nil {
		return err
	}
	wanted := "text/html"
	if len(a.headers) > 0 {
		wanted = "text/x-component"
	}
	if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, wanted) {
		return fmt.Errorf("%s came as %s, expected %s", a.path, got, wanted)
	}
	r.asked.Add(1)
	switch status := res.Header.Get("Cache-Status"); {
	case isHit(nameOurs, res.Header):
		r.hits.Add(1)
		r.answered.Add(1)
	case strings.Contains(status, "; collapsed"):
		r.answered.Add(1)
	}
	return nil
}

func (r *replay) percent(of *atomic.Int64) float64 {
	return 100 * float64(of.Load()) / float64(r.asked.Load())
}

// periods is how many periods of a page the replay has met.
func (r *replay) periods() float64 { return float64(r.took/sitePeriod) + 1 }

// rendersOf asks the site how often it has rendered the page that it has rendered most often.
func rendersOf(ctx context.Context, addr, slug string) (most int, err error) {
	text, _, err := pageOf(ctx, addr, "/renders")
	if err != nil {
		return 0, err
	}
	renders := map[string]int{}
	if err := json.Unmarshal(text, &renders); err != nil {
		return 0, fmt.Errorf("reading the renders of the site: %w", err)
	}
	for page, count := range renders {
		if strings.HasPrefix(page, slug+"-") {
			most = max(most, count)
		}
	}
	if most == 0 {
		return 0, errors.New("the site has rendered nothing")
	}
	return most, nil
}

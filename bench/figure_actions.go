package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// actionSizes are the lengths of the bodies of server actions: arguments as they mostly are, and an upload (bytes).
var actionSizes = []struct {
	name   string
	length int
}{{"1 KB", 1 << 10}, {"500 KB", 500_000}}

// measureActions tells how much longer a server action takes where the zone has two deployments, so that its body is
// kept beside, next to an edge where nothing was deployed. Both have the same upstream, and are asked in turn, one
// request at a time.
func (b *bench) measureActions(ctx context.Context) ([]row, error) {
	deployed, err := b.startDeployed(ctx)
	if err != nil {
		return nil, err
	}
	plain, err := b.startCaddy(ctx, "without deployments", zoneOf(deployed.second.addr), "off")
	if err != nil {
		return nil, err
	}
	clients := make([]*client, 2)
	for i, s := range []subject{deployed.subject, plain} {
		if clients[i], err = dial(ctx, s.addr); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		defer clients[i].close()
	}
	var rows []row
	for _, size := range actionSizes {
		body := sampleText(size.length)
		if err := isReplayed(clients[0], body); err != nil {
			return nil, err
		}
		added, without, err := b.addedToActions(clients, body)
		if err != nil {
			return nil, err
		}
		rows = append(rows,
			row{
				Name: fmt.Sprintf("server action with a body of %s, p50 added by a second deployment", size.name), Unit: "ms",
				Ours: median(added), limits: limits{Limit: 0.3, OnValue: true},
			},
			row{Name: "the same action where nothing was deployed, p50", Unit: "ms", Ours: median(without)},
		)
	}
	return rows, nil
}

// addedToActions returns the differences of the medians of the rounds in milliseconds, and the medians of the second
// edge.
func (b *bench) addedToActions(clients []*client, body []byte) (added, without []float64, err error) {
	for round := range b.rounds + 1 {
		var waits [2][]float64
		for n := range b.actions {
			for i := range clients {
				i = (i + n) % 2
				wait, by, err := clients[i].callAction("/page?bytes=1024", body)
				if err != nil {
					return nil, nil, err
				}
				if by != secondDeployment {
					return nil, nil, fmt.Errorf("an action was answered by the deployment %q, which is not live", by)
				}
				waits[i] = append(waits[i], wait.Seconds()*1000)
			}
		}
		if round > 0 { // the first one warms up
			without = append(without, median(waits[1]))
			added = append(added, median(waits[0])-median(waits[1]))
		}
	}
	return added, without, nil
}

// isReplayed looks whether a body is kept: an action that the live deployment does not know is answered by the other
// one.
func isReplayed(c *client, body []byte) error {
	_, by, err := c.callAction("/page?bytes=1024&knownby="+firstDeployment, body)
	if err == nil && by != firstDeployment {
		err = fmt.Errorf("an action that only one deployment knows was answered by %q", by)
	}
	return err
}

// callAction calls a server action whose id no build names, and returns how long its whole answer takes to come, and
// who has answered.
func (c *client) callAction(path string, body []byte) (wait time.Duration, by string, err error) {
	begin := time.Now()
	res, err := c.post(path, body, "Next-Action", strings.Repeat("40", 21), "Content-Type", "text/plain;charset=UTF-8")
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close() // it has been read
	if _, err := readBody(res); err != nil {
		return 0, "", err
	}
	return time.Since(begin), res.Header.Get(answeredBy), nil
}

package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// orderLimit bounds the body of an order (bytes).
const orderLimit = 4096

// serveDrain carries out an order about one upstream.
func serveDrain(
	w http.ResponseWriter, r *http.Request, caller control.Caller, streams CountStreams, command func(string) deploy.Command,
) error {
	var order report.DrainOrder
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, orderLimit))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&order); err != nil && !errors.Is(err, io.EOF) {
		return control.Error(http.StatusBadRequest, fmt.Errorf("reading the order: %w", err))
	}
	s := current.Load()
	if s == nil {
		return control.Error(http.StatusConflict, errors.New("no configuration with nextjs is running"))
	}
	address, zones, err := findUpstream(order.Upstream, s.State().UnusedDrains(), caller)
	if err != nil {
		return err
	}
	wait, err := waitOf(order)
	if err != nil {
		return control.Error(http.StatusBadRequest, err)
	}
	durable, err := s.Do(command(address))
	if err != nil {
		return control.Error(http.StatusConflict, err)
	}
	if wait > 0 {
		s.waitUntilEmpty(r.Context(), address, wait)
	}
	answer := report.Drained{Zones: zones, Durable: durable}
	if member := s.find(address); member != nil {
		answer.UpstreamStatus = upstreamStatus(member, time.Now(), streams)
	} else {
		answer.UpstreamStatus = s.unusedStatus(address)
	}
	return control.AnswerJSON(w, http.StatusOK, answer)
}

// unusedStatus says of an address that no zone has, or has any more, whether it is drained.
func (s *State) unusedStatus(address string) report.UpstreamStatus {
	status := report.UpstreamStatus{Upstream: address, State: "unknown", Why: "no zone has it"}
	if drained, is := s.State().Drains[address]; is {
		status.State, status.Since = deploy.Draining.String(), drained.Since
	}
	return status
}

const (
	// maxDrainWait bounds how long an order may have the answer wait.
	maxDrainWait = 10 * time.Minute
	// drainStep is how often it is looked whether an upstream is empty.
	drainStep = 100 * time.Millisecond
)

// waitOf is how long an order has the answer wait.
func waitOf(order report.DrainOrder) (time.Duration, error) {
	if order.Wait == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(order.Wait)
	if err != nil || wait < 0 || wait > maxDrainWait {
		return 0, fmt.Errorf("wait takes a duration of at most %s, such as 30s; found %q", maxDrainWait, order.Wait)
	}
	return wait, nil
}

// LogDrains logs which upstreams are out of rotation because an operator has said so, maybe long ago.
func (s *State) LogDrains() {
	state := s.State()
	if len(state.Drains) == 0 {
		return
	}
	s.log.Load().Warn("upstreams are drained: they get no requests until `caddy nextjs undrain`",
		zap.Strings("upstreams", slices.Sorted(maps.Keys(state.Drains))), zap.Strings("of_no_zone", state.UnusedDrains()))
}

// waitUntilEmpty returns when nothing is in flight to an upstream, when it is put back, or when the time is over.
func (s *State) waitUntilEmpty(ctx context.Context, address string, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ticker := time.NewTicker(drainStep)
	defer ticker.Stop()
	for {
		member := s.find(address)
		if member == nil || member.State != deploy.Draining || member.InFlight() == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// find returns what some zone knows of an address, nil where none has it.
func (s *State) find(address string) *deploy.Member {
	for _, zone := range s.State().Zones {
		if member := zone.Find(address); member != nil {
			return member
		}
	}
	return nil
}

// findUpstream finds the address that an order names, and the names of the zones that have it. The caller must be
// allowed to speak for all of these, for an upstream is drained as a whole; of one that only other zones have it learns
// nothing. unused are addresses that no zone has; they are for callers that may speak for any zone.
func findUpstream(text string, unused []string, caller control.Caller) (address string, zones []string, err error) {
	if text == "" {
		return "", nil, control.Error(http.StatusBadRequest, errors.New(`the order names no upstream: {"upstream": "host:port"}`))
	}
	meant := map[string][]string{} // the zones of each address
	var known, own []string        // that the caller may know of
	for _, site := range edge.Sites() {
		for _, zone := range site.View.Load().List {
			for _, member := range zone.Upstreams.Zone().Deployment.Members {
				isMeant := isMeant(text, member.Address)
				if isMeant {
					meant[member.String()] = append(meant[member.String()], zone.Name)
				}
				if caller.May(zone.Name) {
					known = append(known, member.String())
					if isMeant {
						own = append(own, member.String())
					}
				}
			}
		}
	}
	if len(caller.Zones()) == 0 {
		known = append(known, unused...)
		if len(own) == 0 && slices.Contains(unused, text) {
			return text, []string{}, nil
		}
	}
	if slices.Contains(own, text) { // it is written as status shows it
		own = []string{text}
	}
	slices.Sort(own)
	switch own = slices.Compact(own); {
	case len(own) > 1:
		return "", nil, control.Error(http.StatusConflict,
			fmt.Errorf("%q may be one of several upstreams: name it as status does, %s", text, strings.Join(own, " or ")))
	case len(own) == 1:
		zones, err = zonesOfAll(meant[own[0]], caller)
		return own[0], zones, err
	case len(known) == 0:
		return "", nil, control.Error(http.StatusBadRequest, fmt.Errorf("unknown upstream %q", text))
	}
	slices.Sort(known)
	return "", nil, control.Error(http.StatusBadRequest,
		fmt.Errorf("unknown upstream %q; there are: %s", text, strings.Join(slices.Compact(known), ", ")))
}

// zonesOfAll returns the names of the zones that have an upstream, each once. The error says that the caller may not
// speak for all of them.
func zonesOfAll(zones []string, caller control.Caller) ([]string, error) {
	slices.Sort(zones)
	zones = slices.Compact(zones)
	if slices.ContainsFunc(zones, func(zone string) bool { return !caller.May(zone) }) {
		return nil, control.Error(http.StatusForbidden, errors.New("the token is not for all zones that have this upstream"))
	}
	return zones, nil
}

// isMeant reports whether a text names an upstream: as status shows it, or without its scheme.
func isMeant(text string, address deploy.Address) bool {
	return text == address.Dial || text == address.String() || !address.TLS && text == "http://"+address.Dial
}

package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// serveDrain carries out an order to take an upstream out of rotation.
func serveDrain(w http.ResponseWriter, r *http.Request, caller control.Caller, streams CountStreams) error {
	var order report.DrainOrder
	s, err := readOrder(w, r, &order)
	if err != nil {
		return err
	}
	wait, err := durationOf("wait", order.Wait)
	if err != nil {
		return err
	}
	command, err := drainOf(order)
	if err != nil {
		return err
	}
	address, zones, err := findUpstream(order.Upstream, s.State().UnusedDrains(), caller)
	if err != nil {
		return err
	}
	command.Address = address
	durable, err := s.Do(command)
	if err != nil {
		return control.Error(http.StatusConflict, err)
	}
	if wait > 0 {
		s.waitUntilEmpty(r.Context(), address, wait)
	}
	return s.answerDrained(w, address, zones, durable, streams)
}

// maxHolder bounds the name of the holder of a lease (bytes).
const maxHolder = 128

// drainOf is what an order wants: a lease, or a drain without an end.
func drainOf(order report.DrainOrder) (command deploy.Drain, err error) {
	lease, err := durationOf("lease", order.Lease)
	switch {
	case err != nil:
		return command, err
	case (lease > 0) != (order.Holder != ""):
		err = errors.New("a lease needs both, lease and holder: who has it, and for how long")
	case len(order.Holder) > maxHolder:
		err = fmt.Errorf("holder takes at most %d bytes", maxHolder)
	case strings.ContainsFunc(order.Holder, unicode.IsControl):
		err = errors.New("holder takes no control characters")
	case lease > 0:
		command.Holder, command.Until = order.Holder, time.Now().Add(lease)
	}
	if err != nil {
		return command, control.Error(http.StatusBadRequest, err)
	}
	return command, nil
}

// serveUndrain carries out an order to put an upstream back.
func serveUndrain(w http.ResponseWriter, r *http.Request, caller control.Caller, streams CountStreams) error {
	var order report.UndrainOrder
	s, err := readOrder(w, r, &order)
	if err != nil {
		return err
	}
	healthy, err := durationOf("healthy", order.Healthy)
	if err != nil {
		return err
	}
	address, zones, err := findUpstream(order.Upstream, s.State().UnusedDrains(), caller)
	if err != nil {
		return err
	}
	if healthy > 0 {
		if err := s.waitUntilHealthy(r.Context(), address, order.Holder, healthy); err != nil {
			return control.Error(http.StatusGatewayTimeout, fmt.Errorf("%s did not answer within %s, and stays out: %w", address, healthy, err))
		}
	}
	durable, err := s.Do(deploy.Undrain{Address: address, Holder: order.Holder})
	if err != nil {
		return control.Error(http.StatusConflict, err)
	}
	return s.answerDrained(w, address, zones, durable, streams)
}

// answerDrained says what has become of an upstream that was drained or put back.
func (s *State) answerDrained(w http.ResponseWriter, address string, zones []string, durable bool, streams CountStreams) error {
	answer := report.Drained{Zones: zones, Durable: durable}
	if member := s.find(address); member != nil {
		answer.UpstreamStatus = upstreamStatus(member, s.State().Drains, time.Now(), streams)
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

// LogDrains logs which upstreams are out of rotation because an operator has said so, maybe long ago.
func (s *State) LogDrains() {
	state := s.State()
	var drained []string
	for address, drain := range state.Drains {
		if drain.Holder == "" {
			drained = append(drained, address)
		}
	}
	if len(drained) == 0 {
		return
	}
	slices.Sort(drained)
	s.log.Load().Warn("upstreams are drained: they get no requests until `caddy nextjs undrain`",
		zap.Strings("upstreams", drained), zap.Strings("of_no_zone", state.UnusedDrains()))
}

// waitUntilHealthy asks an upstream that is drained until it answers as the zones that have it want it to. It returns,
// too, when it is drained no more, or not by the holder for whom it is asked ("": an operator). The error is that of
// the last time it was asked, when the time is over.
func (s *State) waitUntilHealthy(ctx context.Context, address, holder string, patience time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(orderStep)
	defer ticker.Stop()
	for {
		drained, is := s.State().Drains[address]
		if !is || holder != "" && drained.Holder != holder {
			return nil
		}
		err := s.Probe(ctx, address)
		if err == nil {
			return nil
		}
		select {
		case <-limited.Done():
			return err
		case <-ticker.C:
		}
	}
}

// waitUntilEmpty returns when nothing is in flight to an upstream, when it is put back, or when the time is over.
func (s *State) waitUntilEmpty(ctx context.Context, address string, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ticker := time.NewTicker(orderStep)
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

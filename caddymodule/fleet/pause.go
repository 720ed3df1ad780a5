package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// defaultPause is for how long an order pauses a zone that does not say so.
const defaultPause = 30 * time.Second

// servePause carries out an order to have the requests of a zone wait.
func servePause(w http.ResponseWriter, r *http.Request, caller control.Caller, streams CountStreams) error {
	var order report.PauseOrder
	s, err := readOrder(w, r, &order)
	if err != nil {
		return err
	}
	lasts, err := durationOf("for", order.For)
	if err != nil {
		return err
	}
	wait, err := durationOf("wait", order.Wait)
	if err != nil {
		return err
	}
	name, err := zoneMeant(order.Zone, caller)
	if err != nil {
		return err
	}
	until := time.Now().Add(cmp.Or(lasts, defaultPause))
	if _, err := s.Do(deploy.Pause{Name: name, Until: until}); err != nil {
		return control.Error(http.StatusConflict, fmt.Errorf("zone %s: %w", name, err))
	}
	if wait > 0 {
		s.waitUntilIdle(r.Context(), name, wait, streams)
	}
	return control.AnswerJSON(w, http.StatusOK, s.pauseStatus(name, streams))
}

// serveResume carries out an order to end that.
func serveResume(w http.ResponseWriter, r *http.Request, caller control.Caller, streams CountStreams) error {
	var order report.ResumeOrder
	s, err := readOrder(w, r, &order)
	if err != nil {
		return err
	}
	name, err := zoneMeant(order.Zone, caller)
	if err != nil {
		return err
	}
	if _, err := s.Do(deploy.Resume{Name: name}); err != nil {
		return control.Error(http.StatusConflict, fmt.Errorf("zone %s: %w", name, err))
	}
	return control.AnswerJSON(w, http.StatusOK, s.pauseStatus(name, streams))
}

// zoneMeant returns the name of the zone that an order is about.
func zoneMeant(text string, caller control.Caller) (string, error) {
	if text == "" {
		return "", control.Error(http.StatusBadRequest, errors.New(`the order names no zone: {"zone": "shop"}`))
	}
	meant, err := control.ZonesMeant(&text, caller)
	if err != nil {
		return "", err
	}
	return meant[0].Name, nil // they are one application
}

// waitUntilIdle returns when nothing is in flight to the upstreams of a zone but what has no end of its own, when it is
// paused no more, or when the time is over.
func (s *State) waitUntilIdle(ctx context.Context, zone string, wait time.Duration, streams CountStreams) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ticker := time.NewTicker(orderStep)
	defer ticker.Stop()
	for {
		if status := s.pauseStatus(zone, streams); status.Until == nil || status.Unfinished() == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pauseStatus says until when the zones of a name are paused, and what they have in flight.
func (s *State) pauseStatus(name string, streams CountStreams) report.PauseStatus {
	status := report.PauseStatus{Zone: name}
	counted := map[*deploy.Upstream]bool{}
	for id, zone := range s.State().Zones {
		if zone.Name != name {
			continue
		}
		status.Until = pausedUntil(zone)
		status.Waiting += s.Waiting(id)
		for _, member := range zone.Deployment.Members {
			if counted[member.Upstream] {
				continue
			}
			counted[member.Upstream] = true
			events, sockets := streams(member.Upstream)
			status.InFlight += member.InFlight()
			status.EventStreams += events
			status.Sockets += sockets
		}
	}
	return status
}

// pausedUntil is until when requests of a zone wait at most; nil: they do not.
func pausedUntil(zone *deploy.Zone) *time.Time {
	if zone.Paused == nil {
		return nil
	}
	return &zone.Paused.Until
}

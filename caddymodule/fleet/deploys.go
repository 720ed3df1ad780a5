package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/leases"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// Deploys is the control plane, and the deploys that have not ended. A deploy outlives who has ordered it.
type Deploys struct {
	*plane

	mu      sync.Mutex
	running map[string]*running // by zone
	ctx     context.Context     // of the control plane
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// running is a deploy that has not ended, or has just.
type running struct {
	order deploy.Ordered
	ended chan struct{}
	// before is what was live before it, and durable says whether the new one is after a restart. err is why it has
	// failed. They are for who waits until it has ended.
	before  string
	durable bool
	err     error
}

// errNotHealthy says that a deployment did not become healthy in the time that it had.
var errNotHealthy = errors.New("it did not become healthy in time")

// errGivenUp says that another order was made while a deployment was starting.
var errGivenUp = errors.New("it was given up, as it was retired, or another deployment was made live")

// errStopped says that the edge stops. The deploy goes on when it is started again.
var errStopped = errors.New("the edge stops: the deploy goes on when it is started again")

// plane is embedded, and leaves the name of the method State free.
type plane = State

// Lease opens the control plane whose decisions are kept below the state directory, or shares the one that is open.
// tell is called with each change of an upstream.
func Lease(state string, tell func(*State, deploy.Change), log *zap.Logger) (*Deploys, error) {
	return leases.Lease(state, "deploy", func(dir string) (*Deploys, error) {
		d := &Deploys{plane: open(dir, tell, log), running: map[string]*running{}}
		d.ctx, d.cancel = context.WithCancel(context.Background())
		d.done.Go(d.retireOld)
		return d, nil
	})
}

// Destruct implements caddy.Destructor. Deploys that run end, and go on when the control plane is opened again.
func (s *Deploys) Destruct() error {
	s.mu.Lock()
	s.cancel() // nothing begins from now on
	s.mu.Unlock()
	s.done.Wait()
	return s.plane.Destruct()
}

// currentDeploys are those of the configuration that serves, nil without any.
var currentDeploys atomic.Pointer[Deploys]

// Serve says which control plane is that of the configuration that serves; nil: there is none.
func Serve(s *Deploys) {
	currentDeploys.Store(s)
	if s == nil {
		current.Store(nil)
	} else {
		current.Store(s.plane)
	}
}

// begin orders a deployment, and has it become live. An order for one that is being deployed already joins that. What
// it returns is to be waited for.
func (s *Deploys) begin(zone string, order deploy.Ordered) (*running, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.running[zone]; one != nil {
		if one.order.ID == order.ID && one.order.IsSame(order) {
			return one, nil
		}
		return nil, deploy.Deploying(one.order.ID) //nolint:wrapcheck // it says all there is to say
	}
	if s.ctx.Err() != nil {
		return nil, errStopped
	}
	if _, err := s.Do(deploy.Deploy{Zone: zone, Ordered: order}); err != nil {
		return nil, err //nolint:wrapcheck // it says all there is to say
	}
	return s.run(zone, order), nil
}

// run has a deployment that was ordered become live. s.mu is held.
func (s *Deploys) run(zone string, order deploy.Ordered) *running {
	one := &running{order: order, ended: make(chan struct{}), before: s.State().Rollouts[zone].Live()}
	s.running[zone] = one
	s.done.Go(func() {
		one.durable, one.err = s.makeLive(s.ctx, zone, order)
		s.mu.Lock()
		delete(s.running, zone)
		s.mu.Unlock()
		close(one.ended)
	})
	return one
}

// GoOn goes on with the deploys that had not ended when the process before did.
func (s *Deploys) GoOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for zone, rollout := range s.State().Rollouts {
		for _, ordered := range rollout.Deployments {
			if ordered.State == deploy.StageStarting && s.running[zone] == nil && s.ctx.Err() == nil {
				s.log.Load().Info("a deploy that had not ended goes on", zap.String("zone", zone), zap.String("deployment", ordered.ID))
				s.run(zone, ordered)
			}
		}
	}
}

// makeLive waits until a deployment is healthy, and makes it live. If it cannot be, nothing has changed.
func (s *Deploys) makeLive(ctx context.Context, zone string, order deploy.Ordered) (durable bool, err error) {
	log := s.log.Load().With(zap.String("zone", zone), zap.String("deployment", order.ID))
	if now, is := s.State().Rollouts[zone].Find(order.ID); is && now.State == deploy.StageStarting {
		log.Info("a deployment is starting",
			zap.String("event", string(EventStarting)), zap.Strings("upstreams", order.Upstreams))
		s.emitDeployment(EventStarting, zone, order.ID)
	}
	if err = follow(zone); err == nil {
		err = s.awaitHealth(ctx, zone, order)
	}
	if err == nil {
		durable, err = s.promote(ctx, zone, order.ID)
	}
	switch {
	case err == nil:
		return durable, nil
	case ctx.Err() != nil, sites.Load() == nil: // the last configuration ends, and the control plane after it
		return false, errStopped
	}
	now, is := s.State().Rollouts[zone].Find(order.ID)
	switch {
	case !is:
		err = errGivenUp
	case now.State == deploy.StageStarting:
		_, _ = s.Do(deploy.Retire{Zone: zone, ID: order.ID}) // it is there
		_ = follow(zone)                                     // what it does not serve any more cannot fail
	}
	if now.State != deploy.StageLive {
		err = fmt.Errorf("%w; nothing has changed", err)
	}
	log.Error("a deploy has failed", zap.String("event", string(EventFailed)), zap.Error(err))
	s.emitDeployment(EventFailed, zone, order.ID)
	return false, err
}

// promote makes a deployment live whose upstreams answer.
func (s *Deploys) promote(ctx context.Context, zone, id string) (durable bool, err error) {
	if err := s.describe(ctx, zone, id); err != nil {
		return false, err
	}
	return s.switchTo(zone, id)
}

// switchTo makes a deployment live: the documents that are asked for from now on are of it.
func (s *Deploys) switchTo(zone, id string) (durable bool, err error) {
	on := sites.Load()
	if on == nil {
		return false, errNobodyHas
	}
	before := s.State().Rollouts[zone]
	if err := before.CheckPromotable(id); err != nil {
		return false, err //nolint:wrapcheck // it says all there is to say
	}
	if err := on.CheckLive(zone, id); err != nil {
		return false, err //nolint:wrapcheck // it says all there is to say
	}
	for _, upstream := range s.upstreamsOf(zone, id) {
		on.UndrainStreams(upstream) // it may have been retired before
	}
	durable, err = s.Do(deploy.Promote{Zone: zone, ID: id})
	if err != nil {
		return false, err
	}
	if err := follow(zone); err != nil {
		return durable, fmt.Errorf("it is live, but not everywhere: %w", err)
	}
	if before.Live() != id {
		s.tellLive(zone, id, before.Live(), durable)
	}
	return durable, nil
}

// tellLive tells that a deployment is live, and what was before.
func (s *Deploys) tellLive(zone, id, before string, durable bool) {
	now, _ := s.State().Rollouts[zone].Find(id)
	s.log.Load().Info("a deployment is live", zap.String("event", string(EventLive)), zap.String("zone", zone),
		zap.String("deployment", id), zap.String("build", now.Identity().Name()), zap.String("before", before),
		zap.Bool("durable", durable))
	s.emitDeployment(EventLive, zone, id)
}

// awaitHealth waits until all upstreams of a deployment are healthy. The error names those that are not.
func (s *Deploys) awaitHealth(ctx context.Context, zone string, order deploy.Ordered) error {
	limited, cancel := context.WithDeadlineCause(ctx, order.Until, errNotHealthy)
	defer cancel()
	ticker := time.NewTicker(orderStep)
	defer ticker.Stop()
	var why []string
	for {
		now, err := s.unhealthy(limited, zone, order.ID)
		if err != nil || len(now) == 0 {
			return err
		}
		if limited.Err() == nil || why == nil { // else it says that the time is over
			why = now
		}
		select {
		case <-limited.Done():
			return fmt.Errorf("%w: %s", errNotHealthy, strings.Join(why, ", "))
		case <-ticker.C:
		}
	}
}

var errNobodyHas = errors.New("no site of the configuration has the zone")

// unhealthy returns which upstreams of a deployment are not healthy, and why.
func (s *Deploys) unhealthy(ctx context.Context, zone, id string) (why []string, err error) {
	on := sites.Load()
	if on == nil {
		return nil, errNobodyHas
	}
	found, ok := on.Find(zone, id)
	if !ok {
		return nil, errNobodyHas
	}
	members := found.Upstreams.Zone().Deployment.Members
	if len(members) == 0 {
		return []string{"it has no upstream yet"}, nil
	}
	for _, member := range members {
		if err := s.probe(ctx, found.Upstreams, member); err != nil {
			why = append(why, fmt.Sprintf("%s: %v", member, err))
		}
	}
	return why, nil
}

// probe asks an upstream of a deployment what the zone asks of its upstreams, and whether it answers at all without an
// error of its own. The error says why not.
func (s *Deploys) probe(ctx context.Context, upstreams *deploy.Rotation, member *deploy.Member) error {
	if member.State == deploy.Draining {
		return errors.New(member.Why)
	}
	if err := s.Probe(ctx, member.String()); err != nil {
		return err //nolint:wrapcheck // it says all there is to say
	}
	status, err := upstreams.Ask(ctx, member.Upstream, deploy.AnyAnswer)
	if err == nil && status >= http.StatusInternalServerError {
		err = fmt.Errorf("it answers with %d", status)
	}
	return err
}

func (s *Deploys) emitDeployment(event Event, zone, id string) {
	eventsTotal.WithLabelValues(zone, string(event)).Inc()
	emit(event, map[string]any{"zone": zone, "deployment": id})
}

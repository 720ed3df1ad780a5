package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

const (
	// defaultDeployTimeout is how long a deployment may take to become healthy.
	defaultDeployTimeout = time.Minute
	// identifyTimeout bounds the question which build an upstream runs.
	identifyTimeout = 5 * time.Second
	// maxUpstreams bounds the upstreams of a deployment.
	maxUpstreams = 256
)

// serveDeploy carries out an order to make a deployment the live one of its zone, and answers when it is.
func serveDeploy(w http.ResponseWriter, r *http.Request, caller control.Caller) error {
	var order report.DeployOrder
	s, err := readDeployOrder(w, r, &order)
	if err != nil {
		return err
	}
	zone, err := zoneMeant(r.PathValue("zone"), caller)
	if err != nil {
		return err
	}
	if err := checkDeployable(zone); err != nil {
		return control.Error(http.StatusConflict, fmt.Errorf("zone %s: %w", zone, err))
	}
	ordered, err := orderedOf(order, caller)
	if err != nil {
		return err
	}
	if ordered.ID, err = s.idOf(r.Context(), zone, r.PathValue("id"), ordered); err != nil {
		return err
	}
	one, err := s.begin(zone, ordered)
	switch {
	case errors.Is(err, errStopped):
		return control.Error(http.StatusServiceUnavailable, err)
	case err != nil:
		return control.Error(http.StatusConflict, err)
	}
	select {
	case <-one.ended:
	case <-r.Context().Done():
		return control.Error(http.StatusServiceUnavailable, errors.New("the deploy goes on"))
	}
	switch {
	case errors.Is(one.err, errStopped):
		return control.Error(http.StatusServiceUnavailable, one.err)
	case one.err != nil:
		return control.Error(http.StatusUnprocessableEntity, fmt.Errorf("deployment %s: %w", ordered.ID, one.err))
	}
	answer := report.Deployed{Zone: zone, Durable: one.durable}
	if one.before != ordered.ID {
		answer.Before = one.before
	}
	now, _ := s.State().Rollouts[zone].Find(ordered.ID)
	answer.Deployment = deploymentOf(now)
	return control.AnswerJSON(w, http.StatusOK, answer)
}

// checkDeployable says why a zone can have no other deployments than that of the configuration.
func checkDeployable(zone string) error {
	on := sites.Load()
	if on == nil {
		return errNobodyHas
	}
	found, ok := on.Find(zone, deploy.ConfigDeployment)
	switch {
	case !ok:
		return errNobodyHas
	case found.Upstreams == nil:
		return errors.New("it is an export: a new one is taken when its files are replaced")
	case found.Dev:
		return errors.New("it is `next dev`, which has no deployments")
	}
	return nil
}

// readDeployOrder reads an order about deployments, and returns what it is for.
func readDeployOrder(w http.ResponseWriter, r *http.Request, order any) (*Deploys, error) {
	if _, err := readOrder(w, r, order); err != nil {
		return nil, err
	}
	s := currentDeploys.Load()
	if s == nil {
		return nil, control.Error(http.StatusConflict, errNobodyHas)
	}
	return s, nil
}

// orderedOf reads what an order wants, and refuses what cannot be meant.
func orderedOf(order report.DeployOrder, caller control.Caller) (ordered deploy.Ordered, err error) {
	timeout, err := durationOf("timeout", order.Timeout)
	if err != nil {
		return ordered, err
	}
	if len(order.Upstreams) == 0 || len(order.Upstreams) > maxUpstreams {
		return ordered, control.Error(http.StatusBadRequest,
			fmt.Errorf("upstreams takes 1 to %d addresses, such as 10.0.0.7:3000; found %d", maxUpstreams, len(order.Upstreams)))
	}
	for _, text := range order.Upstreams {
		source, err := ParseSource(text)
		if err != nil {
			return ordered, control.Error(http.StatusBadRequest, fmt.Errorf("upstream %q: %w", text, err))
		}
		ordered.Upstreams = append(ordered.Upstreams, source.String())
	}
	slices.Sort(ordered.Upstreams)
	ordered.Upstreams = slices.Compact(ordered.Upstreams)
	ordered.Until = time.Now().Add(cmp.Or(timeout, defaultDeployTimeout)).UTC()
	if order.Build == "" {
		return ordered, nil
	}
	if ordered.Build, err = buildOf(order.Build, caller); err != nil {
		return ordered, err
	}
	return ordered, nil
}

// buildOf returns the directory of a build. The error says that the caller may not name it, or what is wrong with it.
func buildOf(dir string, caller control.Caller) (string, error) {
	if !filepath.IsAbs(dir) {
		return "", control.Error(http.StatusBadRequest, fmt.Errorf("build takes an absolute path, found %q", dir))
	}
	if now := edge.Current.Load(); caller.IsRemote() && (now == nil || !builds.IsBelow(dir, now.Builds)) {
		return "", control.Error(http.StatusForbidden, errors.New("this build is below no directory that the global word builds names: "+
			"whoever has a token could publish any directory"))
	}
	if _, err := nextbuild.Hash(dir); err != nil {
		return "", control.Error(http.StatusUnprocessableEntity, fmt.Errorf("build: %w", err))
	}
	return filepath.Clean(dir), nil
}

// validID is what ids of deployments may be: they stand in URLs, cookies and file names.
var validID = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$`)

// idOf returns the id of a deployment: as the order names it, or else (report.AnyDeployment) as its build or its
// application does.
func (s *Deploys) idOf(ctx context.Context, zone, named string, ordered deploy.Ordered) (string, error) {
	id := named
	if named == report.AnyDeployment {
		var err error
		if id, err = s.findID(ctx, zone, ordered); err != nil {
			return "", err
		}
	}
	switch {
	case id == deploy.ConfigDeployment:
		return "", control.Error(http.StatusBadRequest, deploy.ErrConfigDeployment)
	case !validID.MatchString(id), id == report.AnyDeployment:
		return "", control.Error(http.StatusBadRequest,
			fmt.Errorf("%q is no id of a deployment: letters, digits, dots, dashes and underscores, at most 128", id))
	}
	return id, nil
}

var errNoID = errors.New("neither a build nor the application says an id: name one (--id)")

// findID returns the id that a deployment has by itself.
func (s *Deploys) findID(ctx context.Context, zone string, ordered deploy.Ordered) (string, error) {
	if ordered.Build != "" {
		build, err := nextbuild.Read(ordered.Build)
		if err != nil {
			return "", control.Error(http.StatusUnprocessableEntity, fmt.Errorf("build: %w", err))
		}
		return cmp.Or(build.DeploymentID, build.ID), nil
	}
	source, err := ParseSource(ordered.Upstreams[0])
	if err != nil || source.Kind != deploy.FixedSource {
		return "", control.Error(http.StatusBadRequest, errNoID)
	}
	upstream := addresses.Use(source.Address)
	defer addresses.Release(upstream)
	limited, cancel := context.WithDeadline(ctx, ordered.Until)
	defer cancel()
	for {
		said, err := identifyOnce(limited, upstream, s.basePathOf(zone))
		switch id := cmp.Or(said.DeploymentID, said.BuildID); {
		case err == nil && id != "":
			return id, nil
		case err == nil:
			return "", control.Error(http.StatusBadRequest, errNoID)
		}
		select {
		case <-limited.Done():
			return "", control.Error(http.StatusUnprocessableEntity, fmt.Errorf("asking which build it runs: %w; nothing has changed", err))
		case <-time.After(orderStep):
		}
	}
}

func identifyOnce(ctx context.Context, upstream *deploy.Upstream, basePath string) (deploy.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, identifyTimeout)
	defer cancel()
	return upstream.Identify(ctx, deploy.Question{Path: cmp.Or(basePath, "/")}) //nolint:wrapcheck // it says all there is to say
}

// basePathOf is where a zone is.
func (s *Deploys) basePathOf(zone string) string {
	if on := sites.Load(); on != nil {
		if found, ok := on.Find(zone, s.State().Rollouts[zone].Live()); ok {
			return found.BasePath
		}
	}
	return ""
}

// deploymentOf says what is known of a deployment.
func deploymentOf(d deploy.Ordered) report.Deployment {
	return report.Deployment{
		ID: d.ID, State: d.State.String(), Since: d.Since, Upstreams: append([]string{}, d.Upstreams...),
		Build: d.Build, BuildID: d.BuildID, DeploymentID: d.DeploymentID,
	}
}

package deploy

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What the replies of the upstreams show, look by look.
func TestWhatRepliesShowOfBuilds(t *testing.T) {
	const silent, unclear, has, not = ReplySilent, ReplyUnclear, ReplyHas, ReplyHasNot
	type look []Reply
	for name, c := range map[string]struct {
		looks []look
		told  []int // by look: the place of the one that runs another build, 0 for none
	}{
		"all run it":               {[]look{{has, has}, {has, has}, {has, has}}, []int{0, 0, 0}},
		"one runs another":         {[]look{{has, not}, {has, not}, {has, not}}, []int{0, 1, 0}},
		"the last one does":        {[]look{{has, has, not}, {has, has, not}}, []int{0, 2}},
		"all but the first one do": {[]look{{has, not, not}, {has, not, not}}, []int{0, 1}},
		"it passes by":             {[]look{{has, not}, {has, has}, {has, not}, {has, has}}, []int{0, 0, 0, 0}},
		"it is back":               {[]look{{has, not}, {has, has}, {has, not}, {has, not}}, []int{0, 0, 0, 1}},
		"it ends and comes again":  {[]look{{has, not}, {has, not}, {has, has}, {has, not}, {has, not}}, []int{0, 1, 0, 0, 1}},
		"one does not answer":      {[]look{{has, silent}, {has, silent}}, []int{0, 0}},
		"one answers with a login": {[]look{{has, unclear}, {has, unclear}}, []int{0, 0}},
		"one of three does not":    {[]look{{has, silent, not}, {has, unclear, not}}, []int{0, 2}},
		"in between it does not":   {[]look{{has, not}, {has, silent}, {has, not}, {has, not}}, []int{0, 0, 0, 1}},
		"files are elsewhere":      {[]look{{not, not}, {not, not}}, []int{0, 0}},
		"the first one lacks them": {[]look{{not, has}, {not, has}}, []int{0, 0}},
		"it answers with a login":  {[]look{{unclear, not}, {unclear, not}}, []int{0, 0}},
		"it does not answer":       {[]look{{silent, not}, {silent, not}}, []int{0, 0}},
		"it does not for a while":  {[]look{{has, not}, {silent, not}, {has, not}, {has, not}}, []int{0, 0, 0, 1}},
	} {
		known := comparison{of: []sighting{{}}, buildID: "a"}
		var told []int
		for _, replies := range c.looks {
			next, lacks := known.hear(replies)
			told, known = append(told, lacks), next
		}
		assert.Equal(t, c.told, told, name)
		assert.NotNil(t, known.of, "%s: the first one is not asked again which build it runs", name)
	}
	for _, replies := range []look{{not, has}, {not, not}} {
		next, lacks := comparison{of: []sighting{{}}, buildID: "a", had: true, differed: 1}.hear(replies)
		assert.Equal(t, comparison{}, next, "the first one runs another build now")
		assert.Zero(t, lacks)
	}
}

func TestWhichBuildsAreComparedByAFile(t *testing.T) {
	of := []sighting{{Upstream: new(Upstream)}, {Upstream: new(Upstream)}}
	for said, path := range map[Identity]string{
		{BuildID: "a"}:                      "/docs/_next/static/a/_ssgManifest.js",
		{BuildID: "a/b?c"}:                  "/docs/_next/static/a%2Fb%3Fc/_ssgManifest.js",
		{}:                                  "",
		{BuildID: constantBuildID}:          "",
		{DeploymentID: "d", BuildID: "a"}:   "",
		{DeploymentID: "d"}:                 "",
		{BuildID: constantBuildID + "-one"}: "/docs/_next/static/" + constantBuildID + "-one/_ssgManifest.js",
	} {
		known := comparisonOf(of, said)
		assert.True(t, known.isOf(of), "it is not asked again: %v", said)
		got := ""
		if known.buildID != "" {
			got = known.path("/docs")
		}
		assert.Equal(t, path, got, "%v", said)
	}
	assert.Equal(t, "/_next/static/a/_ssgManifest.js", comparisonOf(of, Identity{BuildID: "a"}).path(""))
}

func TestWhichUpstreamsAreCompared(t *testing.T) {
	orders := func(commands ...Command) func(*testing.T, observed) {
		return func(t *testing.T, o observed) {
			for _, c := range commands {
				o.order(t, c)
			}
		}
	}
	const first = ConfigDeployment
	deployed := Deploy{"web", Ordered{ID: "42", Upstreams: []string{"d:1"}}}
	for name, c := range map[string]struct {
		change func(*testing.T, observed)
		want   []string
	}{
		"all that are fit":           {orders(), []string{"a:1", "b:1", "c:1"}},
		"one is drained":             {orders(Drain{Address: "a:1"}), []string{"b:1", "c:1"}},
		"one is down":                {orders(Check{ID: "web", Address: "b:1", Why: "down"}), []string{"a:1", "c:1"}},
		"one is ejected":             {orders(Eject{ID: "web", Address: "c:1", For: 1, Max: 1}), []string{"a:1", "b:1"}},
		"one is left":                {orders(Drain{Address: "a:1"}, Drain{Address: "b:1"}), nil},
		"the zone is paused":         {orders(Pause{Name: "web", Until: time.Now().Add(time.Hour)}), nil},
		"another one is starting":    {orders(deployed), []string{"a:1", "b:1", "c:1"}},
		"another one is live":        {orders(deployed, Promote{"web", "42"}), nil},
		"its deployment id is known": {orders(deployed, Describe{"web", first, "d", ""}), nil},
		"its build id is known":      {orders(deployed, Describe{"web", first, "", "x"}), []string{"a:1", "b:1", "c:1"}},
		"it says its deployment id": {func(_ *testing.T, o observed) {
			o.State().Zones["web"].Find("c:1").says.Store(new("d"))
		}, nil},
	} {
		o := openFleet(t, Settings{})
		o.join(t, "web", "c:1", "a:1", "b:1")
		c.change(t, o)
		var got []string
		for _, one := range o.State().compared("web") {
			got = append(got, one.String())
		}
		assert.Equal(t, c.want, got, name)
		assert.Nil(t, o.State().compared("another zone"))
	}
}

// runs answers as an application without a deployment id whose build has an id. Its files may be elsewhere.
func runs(buildID string, hasFiles bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/":
			_, _ = fmt.Fprintf(w, "0:{\"b\":%q}\n", buildID)
		case !hasFiles || r.URL.Path != ManifestPath(buildID):
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

// newCompared returns a zone of two upstreams that are compared all the time. The first is asked for its build.
func newCompared(t *testing.T, answer http.HandlerFunc) *site {
	t.Helper()
	s := newSite(t, 2, WatchSettings{})
	slices.SortFunc(s.replicas, func(a, b *replica) int { return cmp.Compare(a.address, b.address) })
	for _, r := range s.replicas {
		r.answers(answer)
	}
	s.Serve("web", WatchSettings{Mixed: MixedCheck{On: true, Every: 10 * time.Millisecond}})
	return s
}

// count returns how often an upstream was asked by a method for a path.
func (r *replica) count(method, path string) (count int) {
	for _, question := range r.questions() {
		if question.Method == method && question.URL.Path == path {
			count++
		}
	}
	return count
}

// isCompared waits until both upstreams have been asked some times more for the file of a build.
func (s *site) isCompared(buildID string) {
	s.t.Helper()
	for _, r := range s.replicas {
		before := r.count(http.MethodHead, ManifestPath(buildID))
		r.eventually(func() bool { return r.count(http.MethodHead, ManifestPath(buildID)) > before+2*mixedLooks })
	}
}

func (s *site) toldMixed() []Mixed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mixed)
}

// pagesForIdentity is how many pages an upstream makes that is asked once which build it runs.
const pagesForIdentity = 2

func TestUpstreamsOfOneBuildAreAskedForItOnce(t *testing.T) {
	t.Parallel()
	s := newCompared(t, runs("a", true))
	s.isCompared("a")
	s.isCompared("a")
	assert.Equal(t, pagesForIdentity, s.replicas[0].count(http.MethodGet, "/"))
	assert.Zero(t, s.replicas[1].count(http.MethodGet, "/"), "the other one makes no page")
	assert.Empty(t, s.toldMixed())

	s.replicas[0].answers(runs("b", true))
	s.isCompared("b")
	assert.Equal(t, 2*pagesForIdentity, s.replicas[0].count(http.MethodGet, "/"), "it runs another one: asked again")
	want := Mixed{ZoneID: "web", BuildID: "b", Has: s.member(0).Upstream, Lacks: s.member(1).Upstream}
	assert.Equal(t, []Mixed{want}, s.toldMixed(), "once")
	s.replicas[1].answers(runs("b", true))
	s.isCompared("b")
	assert.Len(t, s.toldMixed(), 1)
}

// A CDN has them, or the server was started without its .next/static.
func TestUpstreamsWhoseFilesAreElsewhereTellNothing(t *testing.T) {
	t.Parallel()
	s := newCompared(t, runs("a", false))
	s.isCompared("a")
	s.replicas[1].answers(runs("b", false))
	s.isCompared("a")
	assert.Equal(t, pagesForIdentity, s.replicas[0].count(http.MethodGet, "/"), "no page is made in vain")
	assert.Empty(t, s.toldMixed())
}

func TestAnUpstreamThatIsNotThereYetIsAskedAgainForItsBuild(t *testing.T) {
	r := newReplica(t)
	list := []sighting{{Upstream: &Upstream{Address: Address{Dial: r.address}}}}
	w := new(watcher)
	r.stop()
	assert.Nil(t, w.identify(t.Context(), list).of)
	r.answers(status(http.StatusInternalServerError))
	r.listen()
	assert.True(t, w.identify(t.Context(), list).isOf(list), "what it answers counts")
}

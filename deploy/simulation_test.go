package deploy

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// scenario is what a simulation of the balancer meets. Its time is virtual, and all in it follows from its seed.
type scenario struct {
	name      string
	upstreams int
	rate      float64 // requests a second
	lasts     time.Duration
	// mean is that of the time an answer takes at an upstream of usual speed, and sigma how far routes differ from it
	// (that of the logarithm; 0: they are alike).
	mean  time.Duration
	sigma float64
	// cpu is the part of that time for which the event loop is busy: the requests of an upstream wait in line for it.
	cpu float64
	// slowness is how many times longer an upstream takes at a time. nil: all are of usual speed.
	slowness func(upstream int, at time.Duration) float64
	// share is the window in which the share of upstream 0 is counted; zero: all of it.
	share [2]time.Duration
}

func slowFirst(factor float64) func(int, time.Duration) float64 {
	return func(upstream int, _ time.Duration) float64 {
		if upstream == 0 {
			return factor
		}
		return 1
	}
}

var simEpoch = time.Unix(1_800_000_000, 0)

// policy is a way to balance.
type policy interface {
	pick(now time.Time) int
	done(upstream int, began, now time.Time)
}

// ours is what requests meet: the real choice by the real counters.
type ours struct {
	zone  *Zone
	turn  uint64
	index map[*Upstream]int
	tries [][]Try // by upstream, those in flight
}

func newOurs(n int) *ours {
	o := &ours{zone: zoneOfMany(n), index: map[*Upstream]int{}, tries: make([][]Try, n)}
	for i, member := range o.zone.Deployment.Members {
		o.index[member.Upstream] = i
	}
	return o
}

// zoneOfMany returns a zone of upstreams that are fit, and have been for long.
func zoneOfMany(n int) *Zone {
	zone := &Zone{}
	for i := range n {
		upstream := &Upstream{Address: Address{Dial: fmt.Sprintf("10.0.0.%d:3000", i)}}
		zone.Deployment.Members = append(zone.Deployment.Members, &Member{Upstream: upstream})
	}
	zone.settle(nil, simEpoch)
	return zone
}

func (o *ours) pick(now time.Time) int {
	o.turn++
	try, err := o.zone.pick(Balance{}, o.turn, now, nil, Affinity{})
	if err != nil {
		panic(err)
	}
	try.Sent(now)
	i := o.index[try.Upstream]
	o.tries[i] = append(o.tries[i], try)
	return i
}

func (o *ours) done(upstream int, began, now time.Time) {
	at := slices.IndexFunc(o.tries[upstream], func(t Try) bool { return t.begun.Equal(began) })
	try := &o.tries[upstream][at]
	try.Answered(200, now)
	try.End()
	o.tries[upstream] = slices.Delete(o.tries[upstream], at, at+1)
}

// leastConn is Caddy's policy of that name: the fewest in flight, one of them by chance where they are equal.
type leastConn struct {
	inFlight []int
	random   *rand.Rand
}

func (l *leastConn) pick(time.Time) int {
	best, equal := -1, 0
	for i, n := range l.inFlight {
		switch {
		case best < 0 || n < l.inFlight[best]:
			best, equal = i, 1
		case n == l.inFlight[best]:
			if equal++; l.random.IntN(equal) == 0 {
				best = i
			}
		}
	}
	l.inFlight[best]++
	return best
}

func (l *leastConn) done(upstream int, _, _ time.Time) { l.inFlight[upstream]-- }

// randomOfTwo is Caddy's random_choose 2.
type randomOfTwo struct{ leastConn }

func (r *randomOfTwo) pick(time.Time) int {
	n := len(r.inFlight)
	a := r.random.IntN(n)
	b := (a + 1 + r.random.IntN(n-1)) % n
	if r.inFlight[b] < r.inFlight[a] {
		a = b
	}
	r.inFlight[a]++
	return a
}

type roundRobin struct {
	n, turn int
}

func (r *roundRobin) pick(time.Time) int {
	r.turn++
	return r.turn % r.n
}
func (r *roundRobin) done(int, time.Time, time.Time) {}

// atRandom is Caddy's default.
type atRandom struct {
	n      int
	random *rand.Rand
}

func (r *atRandom) pick(time.Time) int             { return r.random.IntN(r.n) }
func (r *atRandom) done(int, time.Time, time.Time) {}

var allPolicies = []string{"ours", "least_conn", "random_choose 2", "round_robin", "random"}

func newPolicy(name string, n int, seed uint64) policy {
	random := rand.New(rand.NewPCG(seed, 2))
	switch name {
	case "ours":
		return newOurs(n)
	case "least_conn":
		return &leastConn{make([]int, n), random}
	case "random_choose 2":
		return &randomOfTwo{leastConn{make([]int, n), random}}
	case "round_robin":
		return &roundRobin{n: n}
	}
	return &atRandom{n, random}
}

// ending is when a request ends.
type ending struct {
	at, began time.Duration
	upstream  int
}

type endings []ending

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].at < e[j].at }
func (e endings) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *endings) Push(x any)        { *e = append(*e, x.(ending)) }
func (e *endings) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// outcome is what a policy has made of a scenario.
type outcome struct {
	took      []time.Duration
	imbalance int     // the greatest difference of requests in flight at two upstreams
	uneven    float64 // the mean of that difference
	share     float64 // of upstream 0
}

func (o outcome) quantile(q float64) time.Duration {
	return o.took[min(int(q*float64(len(o.took))), len(o.took)-1)]
}

// run simulates the scenario. The requests are the same for each policy.
func (s scenario) run(name string, seed uint64) (o outcome) {
	random := rand.New(rand.NewPCG(seed, 1))
	p := newPolicy(name, s.upstreams, seed)
	inFlight, freeAt := make([]int, s.upstreams), make([]time.Duration, s.upstreams)
	counted, ofFirst := 0, 0
	var ends endings
	for at := time.Duration(0); at < s.lasts; {
		at += time.Duration(random.ExpFloat64() / s.rate * float64(time.Second))
		base := float64(s.mean) * math.Exp(s.sigma*random.NormFloat64()-s.sigma*s.sigma/2)
		for len(ends) > 0 && ends[0].at <= at {
			end := heap.Pop(&ends).(ending)
			inFlight[end.upstream]--
			p.done(end.upstream, simEpoch.Add(end.began), simEpoch.Add(end.at))
		}
		chosen := p.pick(simEpoch.Add(at))
		inFlight[chosen]++
		difference := slices.Max(inFlight) - slices.Min(inFlight)
		o.imbalance = max(o.imbalance, difference)
		o.uneven += float64(difference)
		if s.slowness != nil {
			base *= s.slowness(chosen, at)
		}
		freeAt[chosen] = max(freeAt[chosen], at) + time.Duration(base*s.cpu)
		end := max(freeAt[chosen], at) + time.Duration(base*(1-s.cpu))
		heap.Push(&ends, ending{at: end, began: at, upstream: chosen})
		o.took = append(o.took, end-at)
		if at >= s.share[0] && (s.share[1] == 0 || at < s.share[1]) {
			counted++
			if chosen == 0 {
				ofFirst++
			}
		}
	}
	slices.Sort(o.took)
	o.uneven /= float64(len(o.took))
	o.share = float64(ofFirst) / float64(counted)
	return o
}

// figures are the means of outcomes over some seeds.
type figures struct {
	p50, p99, p999, imbalance, uneven, share float64 // times in milliseconds
}

const simSeeds = 6

// compare runs a scenario under each policy, says what came of it, and returns that.
func (s scenario) compare(t *testing.T, policies ...string) map[string]figures {
	all := map[string]figures{}
	var table strings.Builder
	fmt.Fprintf(&table, "%s\n%-16s %9s %9s %9s %10s %8s %8s\n",
		s.name, "", "p50 ms", "p99 ms", "p99.9 ms", "imbalance", "mean", "share 0")
	for _, name := range policies {
		var f figures
		for seed := range uint64(simSeeds) {
			o := s.run(name, seed)
			f.p50 += o.quantile(.5).Seconds() * 1000 / simSeeds
			f.p99 += o.quantile(.99).Seconds() * 1000 / simSeeds
			f.p999 += o.quantile(.999).Seconds() * 1000 / simSeeds
			f.imbalance += float64(o.imbalance) / simSeeds
			f.uneven += o.uneven / simSeeds
			f.share += o.share / simSeeds
		}
		all[name] = f
		fmt.Fprintf(&table, "%-16s %9.1f %9.1f %9.1f %10.1f %8.2f %8.3f\n",
			name, f.p50, f.p99, f.p999, f.imbalance, f.uneven, f.share)
	}
	t.Log(table.String())
	return all
}

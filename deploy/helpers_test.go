package deploy

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// observed is a fleet with its upstreams and its log.
type observed struct {
	*Fleet
	addresses *Addresses
	logs      *observer.ObservedLogs
}

// openFleet opens a fleet that is closed when the test ends.
func openFleet(t testing.TB, s Settings) observed {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	s.Log, s.Addresses = zap.New(core), new(Addresses)
	o := observed{Open(s), s.Addresses, logs}
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o
}

// errorLogs are the messages that say what went wrong.
func (o observed) errorLogs() (messages []string) {
	for _, line := range o.logs.FilterLevelExact(zapcore.ErrorLevel).All() {
		messages = append(messages, line.Message)
	}
	return messages
}

// join has a fleet know a zone of fixed upstreams, without anybody who looks after it.
func (o observed) join(t testing.TB, id string, addresses ...string) {
	t.Helper()
	join := Join{ID: id, Name: id, Deployment: ConfigDeployment}
	for _, address := range addresses {
		source := Source{Address: Address{Dial: address}}
		join.Sources = append(join.Sources, source)
		upstream := o.addresses.Use(source.Address)
		defer o.addresses.Release(upstream)
		join.Upstreams = append(join.Upstreams, upstream)
	}
	_, err := o.Do(join)
	require.NoError(t, err)
}

// drained are the addresses that are taken out of rotation.
func (o observed) drained() []string {
	list := []string{}
	for address := range o.State().Drains {
		list = append(list, address)
	}
	return list
}

// find has a name lead to addresses.
func (o observed) find(t testing.TB, id string, source int, addresses ...string) {
	t.Helper()
	found := Found{ID: id, Source: source}
	for _, address := range addresses {
		upstream := o.addresses.Use(Address{Dial: address})
		defer o.addresses.Release(upstream)
		found.Targets = append(found.Targets, Target{Upstream: upstream})
	}
	_, err := o.Do(found)
	require.NoError(t, err)
}

// order carries out a command of an operator.
func (o observed) order(t testing.TB, c Command) (durable bool) {
	t.Helper()
	durable, err := o.Do(c)
	require.NoError(t, err)
	return durable
}

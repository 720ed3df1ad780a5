package resolve

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// asking counts the questions of watch by the time at which they came, in a bubble with a clock of its own.
type asking struct {
	begun time.Time
	at    []time.Duration
	takes time.Duration
	reply func(n int) ([]Target, error)

	found  [][]Target
	failed []error
}

// watching runs watch in a bubble, and what the test does meanwhile.
func watching(t *testing.T, a *asking, meanwhile func(kick chan struct{})) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		a.begun = time.Now()
		kick := make(chan struct{}, 1)
		go func() {
			defer close(ended)
			watch(ctx, time.Second, kick, a.ask,
				func(targets []Target) { a.found = append(a.found, targets) },
				func(err error) { a.failed = append(a.failed, err) })
		}()
		meanwhile(kick)
		synctest.Wait()
		cancel()
		<-ended
	})
}

func (a *asking) ask(ctx context.Context) (answer, error) {
	n := len(a.at)
	a.at = append(a.at, time.Since(a.begun))
	select {
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-time.After(a.takes):
	}
	if a.reply == nil {
		return answer{}, nil
	}
	targets, err := a.reply(n)
	return answer{targets: targets}, err
}

func milliseconds(numbers ...int) []time.Duration {
	var list []time.Duration
	for _, n := range numbers {
		list = append(list, time.Duration(n)*time.Millisecond)
	}
	return list
}

func TestAsksAtOnceAndThenAfterEachRefresh(t *testing.T) {
	a := &asking{takes: 300 * time.Millisecond}
	watching(t, a, func(chan struct{}) { time.Sleep(3 * time.Second) })
	assert.Equal(t, milliseconds(0, 1300, 2600), a.at, "one at a time, and the pause begins with the answer")
}

func TestAKickAsksAtOnce(t *testing.T) {
	a := &asking{}
	watching(t, a, func(kick chan struct{}) {
		time.Sleep(400 * time.Millisecond)
		kick <- struct{}{}
		time.Sleep(1500 * time.Millisecond)
	})
	assert.Equal(t, milliseconds(0, 400, 1400), a.at, "the next question is a refresh after the one of the kick")
}

func TestManyKicksDoNotAskMoreThanFiveTimesASecond(t *testing.T) {
	a := &asking{}
	watching(t, a, func(kick chan struct{}) {
		for range 900 {
			select {
			case kick <- struct{}{}:
			default:
			}
			time.Sleep(time.Millisecond)
		}
	})
	assert.Equal(t, milliseconds(0, 200, 400, 600, 800), a.at)
}

func TestKicksBeforeAQuestionAreAnsweredByIt(t *testing.T) {
	a := &asking{}
	watching(t, a, func(kick chan struct{}) {
		time.Sleep(50 * time.Millisecond)
		kick <- struct{}{}
		time.Sleep(50 * time.Millisecond)
		kick <- struct{}{}
		time.Sleep(1200 * time.Millisecond)
	})
	assert.Equal(t, milliseconds(0, 200, 1200), a.at)
}

func TestKicksDuringAQuestionAskOnceAfterIt(t *testing.T) {
	a := &asking{takes: 500 * time.Millisecond}
	watching(t, a, func(kick chan struct{}) {
		for range 3 {
			time.Sleep(100 * time.Millisecond)
			select {
			case kick <- struct{}{}:
			default:
			}
		}
		time.Sleep(1500 * time.Millisecond)
	})
	assert.Equal(t, milliseconds(0, 700), a.at)
}

func TestTellsWhatDiffersAndEachFailure(t *testing.T) {
	one, two := []Target{{Dial: "a:1"}}, []Target{{Dial: "a:1"}, {Dial: "b:1"}}
	lost := errors.New("lost")
	replies := []struct {
		targets []Target
		err     error
	}{
		{nil, lost},
		{one, nil},
		{one, nil},
		{nil, lost},
		{nil, lost},
		{one, nil},
		{two, nil},
		{nil, nil},
		{nil, nil},
		{two, nil},
	}
	a := &asking{reply: func(n int) ([]Target, error) { return replies[n].targets, replies[n].err }}
	watching(t, a, func(chan struct{}) { time.Sleep(time.Duration(len(replies)-1) * time.Second) })
	assert.Equal(t, [][]Target{one, two, nil, two}, a.found)
	assert.Equal(t, []error{lost, lost, lost}, a.failed)
}

func TestTheFirstAnswerIsToldEvenIfThereIsNone(t *testing.T) {
	a := &asking{}
	watching(t, a, func(chan struct{}) { time.Sleep(2 * time.Second) })
	assert.Equal(t, [][]Target{nil}, a.found)
}

func TestAnAnswerAfterTheEndIsNotTold(t *testing.T) {
	a := &asking{takes: time.Second, reply: func(int) ([]Target, error) { return nil, errors.New("late") }}
	watching(t, a, func(chan struct{}) {})
	assert.Empty(t, a.found)
	assert.Empty(t, a.failed)
}

package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
)

const (
	// orderLimit bounds the body of an order (bytes).
	orderLimit = 4096
	// maxOrderTime bounds the times that an order may name.
	maxOrderTime = 10 * time.Minute
	// orderStep is how often it is looked whether what an order waits for has come.
	orderStep = 100 * time.Millisecond
)

// readOrder reads an order, and returns the control plane that it is for.
func readOrder(w http.ResponseWriter, r *http.Request, order any) (*State, error) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, orderLimit))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(order); err != nil && !errors.Is(err, io.EOF) {
		return nil, control.Error(http.StatusBadRequest, fmt.Errorf("reading the order: %w", err))
	}
	s := current.Load()
	if s == nil {
		return nil, control.Error(http.StatusConflict, errors.New("no configuration with nextjs is running"))
	}
	return s, nil
}

// durationOf reads a duration that an order names in a field; 0 where it names none.
func durationOf(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxOrderTime {
		return 0, control.Error(http.StatusBadRequest,
			fmt.Errorf("%s takes a duration of at most %s, such as 30s; found %q", field, maxOrderTime, text))
	}
	return d, nil
}

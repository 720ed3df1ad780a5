//go:build e2e

package ops_test

import (
	"context"
	"io"
	"net/http"
)

// ask gets url and tells how that went; unlike get it may be used from any goroutine.
func ask(ctx context.Context, client *http.Client, url string) outcome {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return outcome{err: err.Error()}
	}
	res, err := client.Do(req)
	if err != nil {
		return outcome{err: err.Error()}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return outcome{status: res.StatusCode, body: string(body), err: err.Error()}
	}
	return outcome{status: res.StatusCode, body: string(body)}
}

package imageopt

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"
)

// fail answers a request whose picture could not be made.
func (o *Optimizer) fail(w http.ResponseWriter, r *http.Request, z *Zone, wanted Request, err error) Result {
	var refusal *Refusal
	var failed *FetchError
	switch {
	case errors.Is(r.Context().Err(), context.Canceled):
		return ResultGone
	case errors.As(err, &refusal):
		return refuse(w, refusal)
	case errors.Is(err, context.Canceled):
		err = ErrClosed // nothing else ends what somebody waits for
		fallthrough
	case errors.Is(err, ErrBusy):
		h := w.Header()
		h.Set("Retry-After", "1")
		h.Set("Cache-Control", "no-store")
		(&Refusal{http.StatusServiceUnavailable, err.Error()}).Write(w)
		return ResultBusy
	case errors.As(err, &failed):
		z.report(wanted, err, false)
		refuse(w, &Refusal{failed.Status, failed.Text})
		return ResultFailed
	}
	z.report(wanted, err, false)
	refuse(w, &Refusal{http.StatusInternalServerError, textInternalServer})
	return ResultFailed
}

func refuse(w http.ResponseWriter, refusal *Refusal) Result {
	refusal.Write(w)
	return ResultRefused
}

// report logs why there is no picture.
func (z *Zone) report(wanted Request, err error, stale bool) {
	level, message := zap.WarnLevel, "the source of a picture failed"
	if stale {
		message = "the source of a picture failed, the old picture is served on"
	}
	fields := []zap.Field{zap.Int("width", wanted.Width), zap.Int("quality", wanted.Quality)}
	var failed *FetchError
	if errors.As(err, &failed) {
		if failed.Cause == CauseAddress || failed.Cause == CausePattern {
			message = "the source of a picture was refused"
		}
		fields = append(fields, zap.Inline(failed))
	} else {
		fields = append(fields, zap.Error(err))
		if crash, ok := errors.AsType[*handlerPanic](err); ok {
			fields = append(fields, zap.ByteString("stack", crash.stack))
		}
	}
	if check := z.Log.Check(level, message); check != nil {
		check.Write(fields...)
	}
}

//go:build cgo && !novips

package vips

/*
#include "ops.h"
*/
import "C"

import (
	"errors"
	"strings"
	"sync/atomic"

	"go.uber.org/zap"
)

var logger atomic.Pointer[zap.Logger]

func setLogger(log *zap.Logger) {
	if log == nil {
		log = zap.NewNop()
	}
	logger.Store(log)
}

//export nxLog
func nxLog(level C.int, message *C.char) {
	if entry := logger.Load().Check(zap.DebugLevel, "libvips"); entry != nil {
		entry.Write(zap.String("message", C.GoString(message)), zap.Int("level", int(level)))
	}
}

// lastError takes what libvips has noted since somebody last asked. The notes are those of the whole process: while
// several transforms run, a line may belong to another one.
func lastError() error {
	text := C.vips_error_buffer_copy()
	defer C.g_free(C.gpointer(text))
	line, _, _ := strings.Cut(strings.TrimSpace(C.GoString(text)), "\n")
	if line == "" {
		line = "libvips says no reason"
	}
	return errors.New(line)
}

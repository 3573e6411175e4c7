package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"spoor/graph"
	"spoor/trace"
)

// errAsked is the root of errors that the request itself has made.
var errAsked = errors.New("not understood")

func asked(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errAsked, fmt.Errorf(format, args...))
}

// problem is an error as an answer. What only the log should have is not told.
func (s *Server) problem(err error) error {
	status := huma.StatusError(nil)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &status):
		return err
	case errors.Is(err, errAsked), errors.Is(err, trace.ErrCase), errors.Is(err, trace.ErrSeed):
		return huma.NewError(http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, errBusy):
		return retry(err.Error(), "5")
	case errors.Is(err, graph.ErrNotFound):
		return huma.NewError(http.StatusNotFound, err.Error())
	case errors.Is(err, graph.ErrInUse):
		return retry("the store is being written by another process of spoor; it can be read as soon as that ends", "5")
	case errors.Is(err, context.DeadlineExceeded):
		return retry("this took longer than one request may; ask for less, such as a range of blocks", "1")
	case errors.Is(err, errStale):
		return huma.NewError(http.StatusConflict, err.Error())
	case errors.Is(err, errFull):
		s.c.Log.Error("write", "error", err)
		return huma.NewError(http.StatusInsufficientStorage, err.Error())
	case errors.Is(err, context.Canceled):
		return huma.NewError(http.StatusServiceUnavailable, "interrupted")
	case errors.Is(err, graph.ErrDamaged):
		s.c.Log.Error("store", "error", err)
		return huma.NewError(http.StatusInternalServerError, "the store is damaged: spoor check tells where")
	}
	s.c.Log.Error("request", "error", err)
	return huma.NewError(http.StatusInternalServerError, "an error of the server; its log has it")
}

// Bounds of what a problem tells.
const (
	maxMistakes = 20  // of a request
	maxQuoted   = 200 // bytes of what a mistake quotes
)

// brief is a problem that quotes of the request only what is short: a body would
// come back once for each of its mistakes.
func brief(m *huma.ErrorModel) *huma.ErrorModel {
	b := *m
	b.Errors = nil
	for i, e := range m.Errors {
		if i == maxMistakes {
			b.Errors = append(b.Errors, &huma.ErrorDetail{Message: fmt.Sprintf("and %d more", len(m.Errors)-i)})
			break
		}
		d := *e
		switch v := d.Value.(type) {
		case nil, bool, float64:
		case string:
			if len(v) > maxQuoted {
				d.Value = nil
			}
		default:
			d.Value = nil
		}
		if len(d.Location) > maxQuoted {
			d.Location = d.Location[:maxQuoted] + "…"
		}
		b.Errors = append(b.Errors, &d)
	}
	return &b
}

func retry(why, seconds string) error {
	return huma.ErrorWithHeaders(huma.NewError(http.StatusServiceUnavailable, why), http.Header{"Retry-After": {seconds}})
}

// output is an answer with a body.
type output[T any] struct {
	Status   int
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     T
}

// register adds an operation whose errors become problems. An answer without
// rows is refused as CSV, one without a page as HTML.
func register[I, T any](s *Server, api huma.API, op huma.Operation, answer func(context.Context, *I) (*output[T], error)) {
	var body T
	_, hasRows := any(body).(tabular)
	_, hasPage := any(body).(page)
	op.MaxBodyBytes, op.BodyReadTimeout = s.c.Limits.Body, s.c.Limits.BodyTime
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		switch kind := ctx.Header("Accept"); {
		case kind == asCSV && !hasRows:
			_ = huma.WriteErr(api, ctx, http.StatusNotAcceptable, "this has no rows; ask for it as JSON, or as a page") // huma logs it
		case kind == asHTML && !hasPage:
			_ = huma.WriteErr(api, ctx, http.StatusNotAcceptable, "this has no page; ask for it as JSON") // huma logs it
		default:
			next(ctx)
		}
	})
	huma.Register(api, op, func(ctx context.Context, in *I) (*output[T], error) {
		out, err := answer(ctx, in)
		if err != nil {
			return nil, s.problem(err)
		}
		if out.Status == 0 {
			out.Status = http.StatusOK
		}
		return out, nil
	})
}

func get(id, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary}
}

func post(id, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, DefaultStatus: http.StatusOK}
}

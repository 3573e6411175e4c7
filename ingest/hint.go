package ingest

// advised is an error that carries advice for the person at the keyboard.
type advised struct {
	error
	hint string
}

// Advise adds advice for the person at the keyboard to an error.
func Advise(err error, hint string) error { return advise(err, hint) }

// advise adds advice to an error. Whoever shows the error finds it by asking
// for a method Hint() string.
func advise(err error, hint string) error { return advised{err, hint} }

func (a advised) Unwrap() error { return a.error }

// Hint is what the user can do about the error.
func (a advised) Hint() string { return a.hint }

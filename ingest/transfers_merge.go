package ingest

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"spoor/graph"
)

// A merge joins the parts of a source block by block. A file is opened when
// its first block comes up, so a thousand files in sequence need one handle.
type merge struct {
	s       *transfersSource
	waiting []*filePart // by first block
	open    []*openPart // in the order of the command
	done    int64       // bytes of files that are closed
}

// An openPart is a file in reading, and the row it stands at.
type openPart struct {
	*filePart
	name string
	rows rows
	file *recordFile
	head row
	done bool // no row is left, and the file is closed
}

// next is the lowest block of all parts; io.EOF if there is none left.
func (m *merge) next() (graph.Block, error) {
	for {
		height, ok := m.lowest()
		if !ok {
			return graph.Block{}, io.EOF
		}
		for len(m.waiting) > 0 && m.waiting[0].from == height {
			if err := m.start(m.waiting[0]); err != nil {
				return graph.Block{}, err
			}
			m.waiting = m.waiting[1:]
		}
		block, found, err := m.join(height)
		if err != nil || found {
			return block, err
		}
	}
}

func (m *merge) lowest() (height uint32, ok bool) {
	if len(m.waiting) > 0 {
		height, ok = m.waiting[0].from, true
	}
	for _, p := range m.open {
		if !ok || p.head.block < height {
			height, ok = p.head.block, true
		}
	}
	return height, ok
}

func (m *merge) start(part *filePart) error {
	file, err := openRecords(part.path)
	if err != nil {
		return err
	}
	chain := part.chain
	in := &sortedRows{file, newRowReader(chain, file.heading), &chain, part.named, m.s.meter}
	p := &openPart{filePart: part, name: filepath.Base(part.path), rows: in, file: file}
	m.open = append(m.open, p)
	slices.SortFunc(m.open, func(a, b *openPart) int { return cmp.Compare(a.order, b.order) })
	if !part.sorted {
		if p.rows, err = holdRows(in, part.rows); err != nil {
			return err
		}
	}
	return m.advance(p)
}

// advance steps to the next row of a part, and takes the part out at its end.
func (m *merge) advance(p *openPart) error {
	var err error
	before := p.head.block
	p.head, err = p.rows.next()
	switch {
	case err == io.EOF:
		p.done = true
		m.done += p.file.read
		m.open = slices.DeleteFunc(m.open, func(o *openPart) bool { return o == p })
		return p.file.close()
	case err == nil && p.head.block < before:
		return fmt.Errorf("%s:%d: the file changed while it was read", p.name, p.head.line)
	}
	return err
}

// join makes the block at a height from every part that has rows of it. It is
// not found if every row of it was skipped.
func (m *merge) join(height uint32) (block graph.Block, found bool, err error) {
	s, bad := m.s, m.s.doubtful
	for _, p := range slices.Clone(m.open) {
		if p.done || p.head.block != height {
			continue
		}
		a, err := m.gather(p)
		if err != nil {
			return block, false, err
		}
		part, err := a.finish()
		if err != nil {
			return block, false, err
		}
		bad = bad || a.bad
		switch {
		case a.line == 0: // no row could be used
			continue
		case s.o.Complete: // that speaks of all files together, so each is a part
			part.Know = graph.Knowledge{Transfers: graph.Partial}
		case s.doubtful:
			part.Know = partly(part.Know)
		}
		if !found {
			block, found = part, true
			continue
		}
		if block, _, err = graph.Union(block, part); err != nil {
			return block, false, advise(fmt.Errorf("%s:%d: %w", p.name, a.line, err), "it contradicts an earlier file of the same command")
		}
	}
	if s.o.Complete && !bad {
		block.Know = graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
	}
	m.progress()
	return block, found, nil
}

// gather takes the rows of the block that a part stands at.
func (m *merge) gather(p *openPart) (*assembly, error) {
	a := newAssembly(p.name, m.s.chain, m.s.meter)
	for height := p.head.block; !p.done && p.head.block == height; {
		used, err := a.add(p.head)
		if err != nil {
			return nil, err
		}
		if used {
			m.s.meter.Count("rows", 1)
			m.s.claim(p.name, &p.head)
		}
		if err := m.advance(p); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (m *merge) progress() {
	done := m.done
	for _, p := range m.open {
		done += p.file.read
	}
	m.s.meter.Progress(done, m.s.total)
}

func (m *merge) close() {
	for _, p := range m.open {
		_ = p.file.close() // only read from
	}
	m.open = nil
}

package trace

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// A case file is its analyst's: comments, order and layout are kept when
// something is added. The new text goes to the end of its section, and stands
// only if the file then reads as what it should say. Where it does not (a file
// in one line of braces, a list in brackets), the whole case is written anew.

// AddLink is a case file with one more link. kept reports that all else of the
// file is as it was; if not, comments and order are lost.
func AddLink(file []byte, l CaseLink) (edited []byte, kept bool, err error) {
	c, err := ParseCase(file)
	if err != nil {
		return nil, false, err
	}
	want := c
	want.Links = append(c.Links[:len(c.Links):len(c.Links)], l)
	if err := want.Check(); err != nil {
		return nil, false, err
	}
	item, err := yaml.Marshal(l)
	if err != nil {
		return nil, false, err
	}
	lines := strings.Split(strings.TrimRight(string(item), "\n"), "\n")
	return edit(file, want, func(s *sections) {
		start, end := s.find("links")
		indent := "  "
		switch {
		case start < 0:
			start = s.end()
			s.insert(start, "links:")
			end = start + 1
		case end == start+1 && emptyList.MatchString(s.lines[start]):
			s.lines[start] = "links:"
		default:
			for _, line := range s.lines[start+1 : end] {
				if at := strings.Index(line, "- "); at >= 0 && strings.TrimLeft(line[:at], " ") == "" {
					indent = line[:at]
					break
				}
			}
		}
		for i, line := range lines {
			mark := "  "
			if i == 0 {
				mark = "- "
			}
			s.insert(end+i, indent+mark+line)
		}
	})
}

// AddNote is a case file with one more paragraph in its note.
func AddNote(file []byte, text string) (edited []byte, kept bool, err error) {
	c, err := ParseCase(file)
	if err != nil {
		return nil, false, err
	}
	want := c
	want.Note = text
	if before := strings.TrimRight(c.Note, "\n"); before != "" {
		want.Note = before + "\n" + text
	}
	note, err := yaml.Marshal(struct {
		Note string `yaml:"note"`
	}{want.Note})
	if err != nil {
		return nil, false, err
	}
	lines := strings.Split(strings.TrimRight(string(note), "\n"), "\n")
	return edit(file, want, func(s *sections) {
		start, end := s.find("note")
		if start < 0 {
			if _, start = s.find("name"); start < 0 {
				start = s.end()
			}
			end = start
		}
		s.lines = append(s.lines[:start:start], append(lines, s.lines[end:]...)...)
	})
}

var emptyList = regexp.MustCompile(`^links:\s*(\[\s*\])?\s*$`)

// edit changes the lines of a file, and writes the wanted case anew if it does
// not read as that then.
func edit(file []byte, want Case, change func(*sections)) (edited []byte, kept bool, err error) {
	s := &sections{lines: strings.Split(strings.TrimRight(string(file), "\n"), "\n")}
	change(s)
	text := []byte(strings.Join(s.lines, "\n") + "\n")
	if got, err := ParseCase(text); err == nil && reflect.DeepEqual(got, want) {
		return text, true, nil
	}
	if text, err = want.YAML(); err != nil {
		return nil, false, err
	}
	if got, err := ParseCase(text); err != nil || !reflect.DeepEqual(got, want.withDefaults()) {
		return nil, false, fmt.Errorf("%w: it holds text that cannot be written so that it reads the same, such as control characters", ErrCase)
	}
	return text, false, nil
}

// sections are the lines of a YAML mapping.
type sections struct{ lines []string }

// find is where the section of a key begins and ends, -1 if there is none.
// Comments and blank lines after it belong to what follows.
func (s *sections) find(key string) (start, end int) {
	start = -1
	for i, line := range s.lines {
		if start < 0 {
			if strings.HasPrefix(line, key+":") {
				start = i
			}
			continue
		}
		if line != "" && !strings.ContainsAny(line[:1], " \t#-\r") {
			return start, s.trim(start, i)
		}
	}
	if start < 0 {
		return -1, -1
	}
	return start, s.trim(start, len(s.lines))
}

// trim takes blank lines and comments off the end of a section.
func (s *sections) trim(start, end int) int {
	for end > start+1 {
		line := strings.TrimSpace(s.lines[end-1])
		if line != "" && line[0] != '#' {
			break
		}
		end--
	}
	return end
}

func (s *sections) end() int { return len(s.lines) }

func (s *sections) insert(at int, line string) {
	s.lines = append(s.lines[:at:at], append([]string{line}, s.lines[at:]...)...)
}

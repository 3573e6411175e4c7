package passage

import "spoor/graph"

// Placebo is how often a rule links what cannot belong together: the same
// departures against decoys made of the same arrivals.
type Placebo struct {
	Departures int
	Links      int // made with the true arrivals
	Recipients int // made when every arrival is for the recipient of another
	Earlier    int // made when every arrival lies a week earlier
}

// earlier is by how much decoys are moved, in seconds: more than any usual
// delay, less than habits change.
const earlier = 7 * 24 * 3600

// Rates are the parts of all departures that decoys are linked to, 0 to 1, with
// one more draw that is taken to be met: that decoys were linked to none of a few
// departures does not say that chance never does it. Nothing asked is 1.
func (p Placebo) Rates() (recipients, earlier float64) {
	n := float64(p.Departures + 1)
	return float64(p.Recipients+1) / n, float64(p.Earlier+1) / n
}

// Placebo measures the rule by which Match links. An arrival that was moved to
// an earlier time can still be linked to an equal departure of the same person
// a week before: that is the chance the measure is about.
func (m *Model) Placebo(departures, arrivals []Side) Placebo {
	return Placebo{
		Departures: len(departures),
		Links:      len(m.Match(departures, arrivals)),
		Recipients: len(m.Match(departures, permuted(arrivals))),
		Earlier:    len(m.Match(departures, moved(arrivals))),
	}
}

// permuted gives every arrival the recipient of the one half the list away on
// its chain.
func permuted(arrivals []Side) []Side {
	byChain := make(map[graph.ChainID][]int)
	for i := range arrivals {
		byChain[arrivals[i].Chain] = append(byChain[arrivals[i].Chain], i)
	}
	decoys := make([]Side, len(arrivals))
	copy(decoys, arrivals)
	for _, list := range byChain {
		for i, at := range list {
			decoys[at].Subject = arrivals[list[(i+len(list)/2)%len(list)]].Subject
		}
	}
	return decoys
}

func moved(arrivals []Side) []Side {
	decoys := make([]Side, len(arrivals))
	copy(decoys, arrivals)
	for i := range decoys {
		decoys[i].Time -= earlier
	}
	return decoys
}

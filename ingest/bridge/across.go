package bridge

import "spoor/graph"

// across reads deposits and fills of Across v3. Anybody can fill a deposit that
// never was, under the number of one that was: only the settlement of relayers
// compares them. So what they compare is in the key too, but for the output
// token, which a deposit may leave to be found (zero).
func across(s *side) ([]graph.Event, error) {
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	var data []byte
	for _, name := range []string{"depositor", "recipient", "exclusiveRelayer", "inputToken", "inputAmount", "outputAmount", "fillDeadline", "exclusivityDeadline"} {
		w, err := word(s.args.at(name))
		if err != nil {
			return nil, err
		}
		data = append(data, w[:]...)
	}
	message, hashed := s.args.at("messageHash").([32]byte)
	if text, _ := s.args.at("message").([]byte); !hashed && len(text) > 0 {
		message = keccak(text)
	}
	h := keccak(data, message[:])
	e.Key += string(h[:])
	return []graph.Event{e}, nil
}

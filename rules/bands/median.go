package bands

// weighted is a value and how much it counts, which is more than nothing.
type weighted struct{ v, w float64 }

// even is how near to a half the weights on both sides of a gap must be for the middle to lie in it.
const even = 1e-12

// median is the value that half of the weight is below; in a gap between two halves it is the middle of both values
// beside it. It parts what it is given around one value after the other, which puts it in another order: sorting all
// of it took most of the time of learning.
func median(all []weighted) float64 {
	half := 0.0
	for _, x := range all {
		half += x.w / 2
	}
	below, last := 0.0, 0.0 // the weight that was left behind on the low side, and the largest value of it
	for len(all) > 0 {
		v := middleOfThree(all[0].v, all[len(all)/2].v, all[len(all)-1].v)
		less, same := part(all, v)
		low := below
		for _, x := range all[:less] {
			low += x.w
		}
		if low > half*(1+even) {
			all = all[:less]
			continue
		}
		if low >= half*(1-even) {
			if less > 0 {
				last = highest(all[:less])
			}
			return (last + v) / 2
		}
		for _, x := range all[less : less+same] {
			low += x.w
		}
		if low > half*(1+even) {
			return v
		}
		below, last, all = low, v, all[less+same:]
	}
	return last
}

// part puts what is less than a value first, then what equals it, and counts both.
func part(all []weighted, v float64) (less, same int) {
	end := len(all)
	for i := 0; i < end; {
		switch x := all[i]; {
		case x.v < v:
			all[i], all[less] = all[less], x
			less++
			i++
		case x.v > v:
			end--
			all[i], all[end] = all[end], x
		default:
			i++
		}
	}
	return less, end - less
}

func middleOfThree(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

func highest(all []weighted) float64 {
	top := all[0].v
	for _, x := range all[1:] {
		top = max(top, x.v)
	}
	return top
}

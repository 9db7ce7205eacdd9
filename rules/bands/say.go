package bands

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Words is an explanation in both languages of the console.
type Words struct {
	KO, EN string
}

var daysKO = [...]string{"일", "월", "화", "수", "목", "금", "토"}

// Explain says what was expected, what is, and what that is known from.
func (b *Band) Explain(at time.Time, x Expectation, value, spreads float64, digits int) Words {
	b.open()
	local := at.In(b.zone)
	hour := local.Format("15:04")
	switch x.State {
	case Warming:
		if b.Since != nil {
			since := b.Since.In(b.zone)
			return Words{
				KO: fmt.Sprintf("%s부터 다시 학습 중: %d시간 중 %d시간", since.Format("1/2 15:04"), max(b.Needs, 48), b.Hours),
				EN: fmt.Sprintf("learning again since %s: %d of %d hours", since.Format("2 Jan 15:04"), b.Hours, max(b.Needs, 48)),
			}
		}
		return Words{
			KO: fmt.Sprintf("아직 학습 중: %d시간 중 %d시간", max(b.Needs, 48), b.Hours),
			EN: fmt.Sprintf("still learning: %d of %d hours", b.Hours, max(b.Needs, 48)),
		}
	case Unfamiliar:
		return Words{
			KO: fmt.Sprintf("%s 값이 학습한 범위를 벗어나 판단하지 않음", x.Driver),
			EN: fmt.Sprintf("not judged: %s is outside of what was learned", x.Driver),
		}
	}
	low, high, is := number(x.Low(spreads), digits), number(x.High(spreads), digits), number(value, digits)
	from, to := b.From.In(b.zone), b.To.In(b.zone)
	kindKO, kindEN := "요일별 시각", "hour of the week"
	if !b.Weekly {
		kindKO, kindEN = "시각(요일 구분 없음)", "hour of the day"
	}
	return Words{
		KO: fmt.Sprintf("%s %s 예상 %s~%s, 현재 %s (%s~%s %d시간 학습, %s%s)", daysKO[local.Weekday()], hour, low, high, is,
			from.Format("1/2"), to.Format("1/2"), b.Hours, kindKO, b.beside(", 함께 보는 값: ")),
		EN: fmt.Sprintf("expected %s-%s at %s %s, is %s (learned from %d hours %s to %s, by %s%s)", low, high, local.Format("Mon"), hour, is,
			b.Hours, from.Format("2 Jan"), to.Format("2 Jan"), kindEN, b.beside(", with ")),
	}
}

func (b *Band) beside(word string) string {
	if len(b.Drivers) == 0 {
		return ""
	}
	names := make([]string, len(b.Drivers))
	for i, d := range b.Drivers {
		names[i] = d.Point
	}
	return word + strings.Join(names, ", ")
}

func number(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

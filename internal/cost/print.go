package cost

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pathwai/airflow-on-fargate/internal/lines"
)

// Print writes the report as text whose tables are Markdown as well.
func (r *Report) Print(w io.Writer) error {
	out := &printer{lines.Writer{W: w}}
	out.Line("Cost of %s/%s a month, %s, prices of %s (dollars, on demand, no free tiers)\n", r.Project, r.Stack, r.Region, r.PricesFrom)
	if r.PlanRegion != "" && r.PlanRegion != r.Region {
		out.Line("The stack is in %s, where prices are others: these are those of %s.\n", r.PlanRegion, r.Region)
	}
	out.table([]string{"service", "resource", "what", "low", "high"}, r.resourceRows())
	out.Line("\nTotal: %s a month, of which %s is fixed by the plan and the rest depends on use.", span(r.Total), span(r.Planned))
	out.Line("Verdict: %s.", r.Verdict)
	out.Line("Ceiling: $%.0f, when every service ran at its maximum and the storage grew to its limit.\n", r.Ceiling)
	r.printUnpriced(out)
	r.printNAT(out)
	out.Line("Savings (dollars a month)\n")
	out.table([]string{"choice", "in the plan", "low", "high", "its price otherwise"}, r.savingRows())
	out.Line("\nAssumed use\n")
	out.table([]string{"assumption", "low", "high", "unit"}, r.assumptionRows())
	r.printSources(out)
	return out.Err
}

func (r *Report) resourceRows() [][]string {
	var rows [][]string
	services := map[string]Range{}
	for _, row := range r.Rows {
		services[row.Service] = services[row.Service].Plus(row.Range)
	}
	seen := ""
	for _, row := range r.Rows {
		if row.Service != seen {
			seen = row.Service
			rows = append(rows, []string{"**" + seen + "**", "", "", bold(services[seen].Low), bold(services[seen].High)})
		}
		for i, line := range row.Lines {
			name := row.Name
			if i > 0 {
				name = ""
			}
			rows = append(rows, []string{"", name, line.What, money(line.Low), money(line.High)})
		}
	}
	return append(rows, []string{"**total**", "", "", bold(r.Total.Low), bold(r.Total.High)})
}

func (r *Report) printUnpriced(out *printer) {
	free := 0
	for _, n := range r.Free {
		free += n
	}
	out.Line("%d resources of %d types are free (free.yaml says why; --json lists them).", free, len(r.Free))
	if len(r.NotPriced) == 0 {
		out.Line("Everything else in the plan is priced.\n")
		return
	}
	out.Line("NOT PRICED, so the true total is higher:\n")
	var rows [][]string
	for _, u := range r.NotPriced {
		rows = append(rows, []string{u.Name, u.Type, u.Why})
	}
	out.table([]string{"resource", "type", "why"}, rows)
	out.Line("")
}

func (r *Report) printNAT(out *printer) {
	n := r.NAT
	if n == nil {
		return
	}
	out.Line("NAT-free: %s in %s cost $%.2f a month before traffic. Instead of them, a NAT gateway with its address "+
		"in each zone would cost $%.2f, and one for all zones $%.2f.", count(n.Endpoints, "interface endpoint"), count(n.Zones, "zone"),
		n.EndpointsCost, n.GatewaysCost, n.OneGateway)
	if n.BreakEvenGB == 0 {
		out.Line("The endpoints are cheaper at any traffic.\n")
		return
	}
	out.Line("The endpoints are the cheaper ones only above %.0f GB a month and zone. Below that, no way out to the internet costs up to "+
		"$%.2f a month: it is paid for security, not for price.\n", n.BreakEvenGB, n.EndpointsCost-n.GatewaysCost)
}

func (r *Report) savingRows() [][]string {
	var rows [][]string
	for _, inPlan := range []bool{true, false} {
		for _, s := range r.Savings {
			if s.InPlan == inPlan {
				rows = append(rows, []string{s.What, map[bool]string{true: "yes", false: "no"}[inPlan], money(s.Low), money(s.High), s.But})
			}
		}
	}
	return rows
}

func (r *Report) assumptionRows() [][]string {
	var rows [][]string
	for _, a := range r.Assumptions {
		rows = append(rows, []string{a.Name, fmt.Sprintf("%g", a.Low), fmt.Sprintf("%g", a.High), a.Unit})
	}
	return rows
}

func (r *Report) printSources(out *printer) {
	retrieved := 0
	var known []string
	for _, name := range slices.Sorted(maps.Keys(r.Prices)) {
		if r.Prices[name].Status == "retrieved" {
			retrieved++
		} else {
			known = append(known, name)
		}
	}
	out.Line("\n%d prices were retrieved, %d are common knowledge that nobody has looked up: %s.", retrieved, len(known), strings.Join(known, ", "))
}

// Print writes the difference in the form of a comment on a pull request.
func (d *Difference) Print(w io.Writer) error {
	out := &printer{lines.Writer{W: w}}
	if len(d.Changes) == 0 {
		out.Line("This change costs nothing more or less (%s: %s a month).", d.Stack, span(d.To))
	} else {
		out.Line("This change costs %s a month (%s: from %s to %s).\n", signed(d.Total), d.Stack, span(d.From), span(d.To))
		var rows [][]string
		for _, c := range d.Changes {
			rows = append(rows, []string{c.Kind, c.Service, c.Name, whats(c.Before), whats(c.After), plusMinus(c.Low), plusMinus(c.High)})
		}
		out.table([]string{"", "service", "resource", "before", "after", "low", "high"}, rows)
		out.Line("")
	}
	out.Line("After it, the stack is %s.", d.Verdict)
	for _, u := range d.NotPriced {
		out.Line("NOT PRICED: %s (%s): %s", u.Name, u.Type, u.Why)
	}
	return out.Err
}

func whats(priced []Line) string {
	var list []string
	for _, line := range priced {
		list = append(list, line.What)
	}
	return strings.Join(list, "; ")
}

// printer writes lines, and tables.
type printer struct{ lines.Writer }

// table writes an aligned Markdown table; columns called low and high hold numbers.
func (p *printer) table(head []string, rows [][]string) {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	write := func(row []string) {
		cells := make([]string, len(row))
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if numeric(head[i]) {
				cells[i] = padding + cell
			} else {
				cells[i] = cell + padding
			}
		}
		p.Line("| %s |", strings.Join(cells, " | "))
	}
	write(head)
	rule := make([]string, len(head))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", max(3, width))
		if numeric(head[i]) {
			rule[i] = rule[i][1:] + ":"
		}
	}
	p.Line("| %s |", strings.Join(rule, " | "))
	for _, row := range rows {
		write(row)
	}
}

func numeric(head string) bool { return head == "low" || head == "high" }

func money(v float64) string { return fmt.Sprintf("%.2f", v) }

func bold(v float64) string { return "**" + money(v) + "**" }

// span writes a range of dollars, as one number when its ends are the same.
func span(r Range) string {
	if math.Round(r.Low) == math.Round(r.High) {
		return fmt.Sprintf("$%.0f", r.Low)
	}
	return fmt.Sprintf("$%.0f–%.0f", r.Low, r.High)
}

// signed writes a difference of dollars.
func signed(r Range) string {
	if math.Round(r.Low) == math.Round(r.High) {
		return plusMinusWhole(r.Low)
	}
	return fmt.Sprintf("%s (%s in a quiet month, %s in a busy one)", plusMinusWhole(r.Middle()), plusMinusWhole(r.Low), plusMinusWhole(r.High))
}

func plusMinusWhole(v float64) string {
	if math.Abs(v) < 10 {
		return sign(v) + fmt.Sprintf("$%.2f", math.Abs(v))
	}
	return sign(v) + fmt.Sprintf("$%.0f", math.Abs(v))
}

func plusMinus(v float64) string { return sign(v) + money(math.Abs(v)) }

func sign(v float64) string {
	if v < 0 {
		return "−"
	}
	return "+"
}

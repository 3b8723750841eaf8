package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLater(t *testing.T) {
	for _, c := range []struct {
		expression string
		minutes    int
		want, says string
	}{
		{"cron(0 6 ? * MON-FRI *)", 20, "cron(20 6 ? * MON-FRI *)", ""},
		{"cron(39 23 L JAN ? 2027)", 20, "cron(59 23 L JAN ? 2027)", ""},
		{"cron(40 6 ? * MON-FRI *)", 20, "cron(0 7 ? * MON-FRI *)", ""},
		{"cron(05 06 ? * 2#1 *)", 57, "cron(2 7 ? * 2#1 *)", ""},
		{"cron(50 6,8-10 * * ? *)", 20, "cron(10 7,9,10,11 * * ? *)", ""},
		{"cron(10 */2 * * ? *)", 20, "cron(30 */2 * * ? *)", ""},
		{"cron(0 6 ? * * *)", 0, "cron(0 6 ? * * *)", ""},
		{"cron(40 23 ? * MON *)", 20, "", "another day"},
		{"cron(50 20-23 ? * MON *)", 20, "", "another day"},
		{"cron(50 */2 ? * MON *)", 20, "", "neither numbers nor ranges"},
		{"cron(50 9-7 ? * MON *)", 20, "", "neither numbers nor ranges"},
		{"cron(0,30 6 ? * MON *)", 20, "", "more than one minute"},
		{"cron(* 6 ? * MON *)", 20, "", "more than one minute"},
		{"cron(0 6 ? * MON)", 20, "", "can't be moved"},
		{"rate(1 day)", 20, "", "can't be moved"},
		{"cron(0 6 ? * MON *)", 61, "", "can't be moved"},
	} {
		t.Run(c.expression, func(t *testing.T) {
			got, err := Later(c.expression, c.minutes)
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.Regexp(t, cronForm, got, "AWS takes what comes of it")
		})
	}
}

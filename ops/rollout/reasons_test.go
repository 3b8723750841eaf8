package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOthersTextIsTamed(t *testing.T) {
	for text, want := range map[string]string{
		"can't reach postgresql+psycopg2://airflow:hunter2@db.internal/airflow": "can't reach postgresql+psycopg2://airflow:***@db.internal/airflow",
		"AIRFLOW__API__SECRET_KEY=abc, next":                                    "AIRFLOW__API__SECRET_KEY=***, next",
		`{"Password": "p w", "x": 1}`:                                           `{"Password": ***, "x": 1}`,
		"first\n::error::planted\x1b[2J":                                        "first ::error::planted[2J",
		"ResourceInitializationError: unable to pull":                           "ResourceInitializationError: unable to pull",
	} {
		assert.Equal(t, want, tame(text))
	}
}

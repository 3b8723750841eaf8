package smoke

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// declares tells a file that must show a DAG from a module that others import.
var declares = regexp.MustCompile(`(?m)^\s*@(\w+\.)?dag\b|\bDAG\(`)

// arrived waits until Airflow has parsed the files that changed: the source that
// it shows for each of their DAGs is theirs. When a file was last parsed would
// say nothing, since an older content is parsed again and again, too.
func (a *airflow) arrived(ctx context.Context) error {
	folder, list, _ := strings.Cut(a.options.Changed, ":")
	for _, file := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		content, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			return err
		}
		waitsFor := "its DAG"
		err = a.poll(ctx, func() (bool, error) {
			ids, err := a.dagsOf(ctx, file)
			if err != nil || len(ids) == 0 {
				return !declares.Match(content), err
			}
			for _, id := range ids {
				var source struct {
					Content string `json:"content"`
				}
				if err := a.get(ctx, "/api/v2/dagSources/"+url.PathEscape(id), &source); err != nil {
					return false, err
				}
				if strings.TrimSpace(source.Content) != strings.TrimSpace(string(content)) {
					waitsFor = "the new source of " + id
					return false, nil
				}
			}
			return true, nil
		})
		if err != nil {
			return fmt.Errorf("%s was pushed, but Airflow doesn't show %s (an import error? dagsync behind?): %w", file, waitsFor, err)
		}
		a.options.Say("smoke: %s has arrived", file)
	}
	return nil
}

// dagsOf are the DAGs that Airflow knows from a file of the DAG folder.
func (a *airflow) dagsOf(ctx context.Context, file string) ([]string, error) {
	const page = 100
	var ids []string
	for offset := 0; ; offset += page {
		var answer struct {
			DAGs []struct {
				ID   string `json:"dag_id"`
				File string `json:"relative_fileloc"`
			} `json:"dags"`
		}
		if err := a.send(ctx, http.MethodGet, fmt.Sprintf("/api/v2/dags?limit=%d&offset=%d", page, offset), nil, &answer); err != nil {
			return nil, err
		}
		for _, dag := range answer.DAGs {
			if dag.File == file {
				ids = append(ids, dag.ID)
			}
		}
		if len(answer.DAGs) < page {
			return ids, nil
		}
	}
}

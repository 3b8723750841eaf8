package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// pythonLock asks pip-audit about the packages of a lock. Whether they are called it can't say.
func (a *audit) pythonLock(ctx context.Context, lock string) (found []finding, uncalled []string, err error) {
	printed, failed := output(exec.CommandContext(ctx, filepath.Join(a.root, "bin/pip-audit"),
		"--requirement", filepath.Join(a.root, lock), "--disable-pip", "--require-hashes", "--vulnerability-service", "osv", "--osv-url", a.pythonDB,
		"--format", "json", "--progress-spinner", "off", "--cache-dir", filepath.Join(a.root, ".cache/pip-audit")))
	var report struct {
		Dependencies []struct {
			Name       string `json:"name"`
			Version    string `json:"version"`
			SkipReason string `json:"skip_reason"`
			Vulns      []struct {
				ID          string   `json:"id"`
				Aliases     []string `json:"aliases"`
				FixVersions []string `json:"fix_versions"`
				Description string   `json:"description"`
			} `json:"vulns"`
		} `json:"dependencies"`
	}
	// It ends with 1 when it found something, and when it broke: then it prints no report.
	if err := json.Unmarshal(printed, &report); err != nil {
		if failed != nil {
			return nil, nil, failed
		}
		return nil, nil, fmt.Errorf("pip-audit printed no JSON: %w", err)
	}
	if len(report.Dependencies) == 0 {
		return nil, nil, fmt.Errorf("pip-audit read no package of it")
	}
	for _, dependency := range report.Dependencies {
		if dependency.SkipReason != "" {
			return nil, nil, fmt.Errorf("pip-audit leaves out %s: %s", dependency.Name, dependency.SkipReason)
		}
		for _, vulnerability := range dependency.Vulns {
			found = append(found, finding{
				id: vulnerability.ID, aliases: vulnerability.Aliases, in: dependency.Name + " " + dependency.Version,
				fixed: strings.Join(vulnerability.FixVersions, ", "), says: vulnerability.Description,
			})
		}
	}
	return found, nil, nil
}

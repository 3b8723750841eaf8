package dagsync

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
)

// Pair is one S3 prefix and the path that shows it.
type Pair struct {
	// Bucket and Prefix say what is mirrored; Prefix is empty or ends in a
	// slash.
	Bucket, Prefix string
	// Target is the absolute path that readers open.
	Target string
	// Name is what the pair is called in metrics: the last element of the
	// target, or all of it when another target ends alike.
	Name string
}

// Source is the S3 address, as it is given on the command line.
func (p Pair) Source() string { return "s3://" + p.Bucket + "/" + p.Prefix }

// pairs puts the sources and targets of the command line together, and
// reports all faults at once.
func pairs(sources, targets []string) ([]Pair, error) {
	if len(sources) == 0 {
		return nil, errors.New("--source and --target are needed, as in --source s3://BUCKET/PREFIX/ --target /sync/dags")
	}
	if len(sources) != len(targets) {
		return nil, fmt.Errorf("%d of --source and %d of --target: they are needed in pairs", len(sources), len(targets))
	}
	var faults []error
	list := make([]Pair, len(sources))
	for i := range sources {
		p, err := parsePair(sources[i], targets[i])
		faults = append(faults, err)
		list[i] = p
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	for i, p := range list {
		for k, q := range list[:i] {
			switch {
			case p.Target == q.Target:
				faults = append(faults, fmt.Errorf("--target %s: given twice", p.Target))
			case below(p.Target, q.Target) || below(q.Target, p.Target):
				faults = append(faults, fmt.Errorf("--target %s and %s: one lies in the other", q.Target, p.Target))
			case below(p.Target+"/", tree.Home(q.Target)) || below(q.Target+"/", tree.Home(p.Target)):
				faults = append(faults, fmt.Errorf("--target %s and %s: one lies among the trees of the other", q.Target, p.Target))
			}
			if filepath.Base(p.Target) == filepath.Base(q.Target) {
				list[i].Name, list[k].Name = p.Target, q.Target
			}
		}
	}
	return list, errors.Join(faults...)
}

func below(path, directory string) bool { return strings.HasPrefix(path, directory+"/") }

func parsePair(source, target string) (Pair, error) {
	var faults []error
	rest, ok := strings.CutPrefix(source, "s3://")
	name, prefix, _ := strings.Cut(rest, "/")
	switch err := bucket.CheckName(name); {
	case !ok:
		faults = append(faults, fmt.Errorf("--source %q: it must begin with s3://", source))
	case err != nil:
		faults = append(faults, fmt.Errorf("--source %q: %w", source, err))
	case strings.ContainsFunc(prefix, func(r rune) bool { return r < ' ' || r == 0x7f }):
		faults = append(faults, fmt.Errorf("--source %q: a prefix has no control characters", source))
	}
	// s3://bucket/dev must not take in s3://bucket/dev-plugins.
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	absolute, err := filepath.Abs(target)
	switch {
	case target == "":
		faults = append(faults, errors.New("--target: it is empty"))
	case err != nil:
		faults = append(faults, fmt.Errorf("--target %q: %w", target, err))
	case absolute == "/":
		faults = append(faults, fmt.Errorf("--target %q: name a path below the root", target))
	}
	return Pair{Bucket: name, Prefix: prefix, Target: absolute, Name: filepath.Base(absolute)}, errors.Join(faults...)
}

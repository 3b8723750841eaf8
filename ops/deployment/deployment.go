// Package deployment knows what a stack runs: a commit and the digests of its
// images, which CI deploys without a commit of their own. Pulumi's history has
// both, for each update.
package deployment

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/config"
)

// Deployment is what one update of a stack was made from.
type Deployment struct {
	Commit string `json:"commit"`
	// Digests are image to sha256:<64 hex digits>; none when Pulumi built the images.
	Digests map[string]string `json:"digests"`
}

// ErrNone says that the stack has no deployment of the kind that was asked for.
var ErrNone = errors.New("no deployment")

// String is "commit SHA", then "IMAGE DIGEST" for each image, a line each.
func (d *Deployment) String() string {
	text := "commit " + d.Commit + "\n"
	for _, image := range slices.Sorted(maps.Keys(d.Digests)) {
		text += image + " " + d.Digests[image] + "\n"
	}
	return text
}

var commitForm = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

// Parse reads what String wrote, or a person in its form. It fails with all
// lines that are wrong, and with ErrNone when no commit is named.
func Parse(text string) (*Deployment, error) {
	d := &Deployment{Digests: map[string]string{}}
	var faults []error
	for number, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case len(words) == 2 && words[0] == "commit" && commitForm.MatchString(words[1]) && d.Commit == "":
			d.Commit = words[1]
		case len(words) == 2 && config.DigestForm.MatchString(words[1]) && d.Digests[words[0]] == "":
			d.Digests[words[0]] = words[1]
		default:
			faults = append(faults, fmt.Errorf("line %d is %q: one \"commit SHA\", and \"IMAGE sha256:<64 hex digits>\" once an image", number+1, line))
		}
	}
	if len(faults) == 0 && d.Commit == "" {
		return nil, fmt.Errorf("no line says \"commit SHA\": %w", ErrNone)
	}
	return d, errors.Join(faults...)
}

// update is an entry of `pulumi stack history --json`.
type update struct {
	Kind        string            `json:"kind"`
	Result      string            `json:"result"`
	Message     string            `json:"message"`
	StartTime   string            `json:"startTime"`
	Environment map[string]string `json:"environment"`
	Config      map[string]struct {
		Value string `json:"value"`
	} `json:"config"`
}

// History are a stack's updates, newest first.
type History struct {
	stack   string
	updates []update
	told    []*Deployment // what each was made from
}

var message = regexp.MustCompile(`^commit ([0-9a-f]{40})$`)

// ReadHistory reads the JSON of `pulumi stack history`. Part of a stack (make
// repositories) is no deployment, nor is a destroy or a refresh.
func ReadHistory(stack string, data []byte) (*History, error) {
	var entries []update
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("the history of %s: %w", stack, err)
	}
	h := &History{stack: stack}
	for _, entry := range entries {
		if _, part := entry.Environment["pulumi.flag.target"]; part || entry.Kind != "update" {
			continue
		}
		d, err := entry.deployment()
		if err != nil {
			return nil, fmt.Errorf("the update of %s at %s: airflow:images: %w", stack, entry.StartTime, err)
		}
		h.updates, h.told = append(h.updates, entry), append(h.told, d)
	}
	return h, nil
}

func (u *update) deployment() (*Deployment, error) {
	d := &Deployment{Commit: u.Environment["git.head"]}
	if said := message.FindStringSubmatch(u.Message); said != nil {
		d.Commit = said[1]
	}
	var images struct {
		Digests map[string]string `json:"digests"`
	}
	if value := u.Config["airflow:images"].Value; value != "" {
		if err := json.Unmarshal([]byte(value), &images); err != nil {
			return nil, err
		}
	}
	d.Digests = images.Digests
	return d, nil
}

// Last is the last update that succeeded. It is ErrNone before the first.
func (h *History) Last() (*Deployment, error) {
	return h.first("", func(int) bool { return true })
}

// Before is the deployment to go back to: the last that succeeded, when the
// last one failed, else the last that succeeded and was different.
func (h *History) Before() (*Deployment, error) {
	return h.first("earlier ", func(i int) bool {
		return h.updates[0].Result != "succeeded" || h.told[i].String() != h.told[0].String()
	})
}

func (h *History) first(which string, wanted func(int) bool) (*Deployment, error) {
	for i, d := range h.told {
		if h.updates[i].Result != "succeeded" || !wanted(i) {
			continue
		}
		if len(d.Commit) != 40 || !commitForm.MatchString(d.Commit) {
			return nil, fmt.Errorf("the update of %s at %s doesn't say its commit (make up does)", h.stack, h.updates[i].StartTime)
		}
		return d, nil
	}
	return nil, fmt.Errorf("%s has no %supdate that succeeded: %w", h.stack, which, ErrNone)
}

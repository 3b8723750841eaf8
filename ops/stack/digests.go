package stack

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/pathwai/airflow-on-fargate/config"
)

// SetDigests writes images' digests into a stack's file (airflow:images:
// digests), and leaves every other byte of it alone. With a fault the file
// stays as it is: the error tells all of them, such as an image that the file
// doesn't have yet. A stop at any moment leaves the old file or the new one.
func SetDigests(file string, digests map[string]string) error {
	if len(digests) == 0 {
		return fmt.Errorf("digests: none were given; %s is as it was", file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("digests: %w", err)
	}
	there, err := digestsIn(data)
	if err != nil {
		return fmt.Errorf("digests: %s: %w", file, err)
	}
	var faults []error
	for _, image := range slices.Sorted(maps.Keys(digests)) {
		if !config.DigestForm.MatchString(digests[image]) {
			faults = append(faults, fmt.Errorf("digests: %s is %q: sha256: and 64 hex digits", image, digests[image]))
		} else if there[image] == nil {
			faults = append(faults, fmt.Errorf("digests: %s has no image %q: %s", file, image, strings.Join(slices.Sorted(maps.Keys(there)), " ")))
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	text := splice(string(data), there, digests)
	written, err := digestsIn([]byte(text))
	for image, digest := range digests {
		if err != nil || written[image] == nil || written[image].Value != digest {
			return fmt.Errorf("digests: %s: %s is written in a form that can't be replaced: write sha256:<64 hex digits> there", file, image)
		}
	}
	return replaceFile(file, text)
}

// splice puts digests in the places of nodes, the last place first: those
// before it stay where they are.
func splice(text string, there map[string]*yaml.Node, digests map[string]string) string {
	lines := strings.SplitAfter(text, "\n")
	images := slices.SortedFunc(maps.Keys(digests), func(a, b string) int { return there[b].Column - there[a].Column })
	for _, image := range images {
		value := there[image]
		line := []rune(lines[value.Line-1])
		before, after := string(line[:value.Column-1]), string(line[value.Column-1:])
		lines[value.Line-1] = before + strings.Replace(after, value.Value, digests[image], 1)
	}
	return strings.Join(lines, "")
}

func digestsIn(data []byte) (map[string]*yaml.Node, error) {
	var document yaml.Node
	err := yaml.Unmarshal(data, &document)
	return scalars(&document, "config", "airflow:images", "digests"), err
}

// scalars are the texts of the mapping below path.
func scalars(node *yaml.Node, path ...string) map[string]*yaml.Node {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	found := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		if len(path) > 0 && key == path[0] {
			return scalars(value, path[1:]...)
		}
		if len(path) == 0 && value.Kind == yaml.ScalarNode {
			found[key] = value
		}
	}
	return found
}

// replaceFile puts a whole new file in the place of the old one.
func replaceFile(file, text string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already, when all went well
	_, err = temporary.WriteString(text)
	if err = errors.Join(err, temporary.Chmod(info.Mode().Perm()), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}

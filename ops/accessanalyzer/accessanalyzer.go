// Package accessanalyzer asks IAM Access Analyzer about the policy documents
// of a plan.
package accessanalyzer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
)

// Document is one policy document of a plan.
type Document struct {
	// URN is Pulumi's name of the resource that has it.
	URN  string
	Kind types.PolicyType
	// Resource says more of the kind, for some resource policies.
	Resource types.ValidatePolicyResourceType
	Text     string
}

// Finding is what Access Analyzer says of a document.
type Finding struct {
	// Type is ERROR, SECURITY_WARNING, SUGGESTION or WARNING; the first two are faults.
	Type     types.ValidatePolicyFindingType `json:"type"`
	Resource string                          `json:"resource"`
	Code     string                          `json:"code"`
	Details  string                          `json:"details"`
	More     string                          `json:"more,omitempty"`
}

// Fault says that a policy must not go out like this.
func (f Finding) Fault() bool {
	return f.Type == types.ValidatePolicyFindingTypeError || f.Type == types.ValidatePolicyFindingTypeSecurityWarning
}

// unknown is what a preview writes for a value that only an update knows.
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// Documents are the policies in the JSON of `pulumi preview --show-sames`, and
// how many more there are whose text only an update knows.
func Documents(plan []byte) (all []Document, unknowns int, err error) {
	var preview struct {
		Steps []struct {
			NewState struct {
				URN    string         `json:"urn"`
				Type   string         `json:"type"`
				Inputs map[string]any `json:"inputs"`
			} `json:"newState"`
		} `json:"steps"`
	}
	if err := json.Unmarshal(plan, &preview); err != nil {
		return nil, 0, fmt.Errorf("the plan: %w", err)
	}
	for _, step := range preview.Steps {
		for _, key := range []string{"policy", "assumeRolePolicy"} {
			text, _ := step.NewState.Inputs[key].(string)
			if text == unknown {
				unknowns++
			}
			if !strings.HasPrefix(text, "{") {
				continue
			}
			d := Document{URN: step.NewState.URN, Kind: types.PolicyTypeResourcePolicy, Text: text}
			switch {
			case key == "assumeRolePolicy":
				d.Resource = types.ValidatePolicyResourceTypeRoleTrust
			case step.NewState.Type == "aws:s3/bucketPolicy:BucketPolicy":
				d.Resource = types.ValidatePolicyResourceTypeS3Bucket
			case strings.HasPrefix(step.NewState.Type, "aws:iam/"):
				d.Kind = types.PolicyTypeIdentityPolicy
			}
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return nil, unknowns, errors.New("a stack has policies, and the plan shows none")
	}
	return all, unknowns, nil
}

// Validate asks about every document, and returns all findings in their order.
func Validate(ctx context.Context, client *accessanalyzer.Client, documents []Document) ([]Finding, error) {
	findings := []Finding{}
	for _, d := range documents {
		pages := accessanalyzer.NewValidatePolicyPaginator(client, &accessanalyzer.ValidatePolicyInput{
			PolicyDocument: aws.String(d.Text), PolicyType: d.Kind, ValidatePolicyResourceType: d.Resource,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name(d.URN), err)
			}
			for _, f := range page.Findings {
				findings = append(findings, Finding{f.FindingType, name(d.URN), aws.ToString(f.IssueCode), aws.ToString(f.FindingDetails), aws.ToString(f.LearnMoreLink)})
			}
		}
	}
	return findings, nil
}

// name is a URN's type, without its parents', and name.
func name(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 2 {
		return urn
	}
	kind := parts[len(parts)-2]
	return kind[strings.LastIndex(kind, "$")+1:] + " " + parts[len(parts)-1]
}

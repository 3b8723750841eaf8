package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// analyzer stands in for IAM Access Analyzer, which moto doesn't have: AWS's
// REST protocol, pages of one finding, and three of its rules.
type analyzer struct {
	asked  []string // policy type and resource type
	faults []string // error codes of the next answers
	on     func()   // before each answer
}

func newAnalyzer(t *testing.T) *analyzer {
	t.Helper()
	a := &analyzer{}
	server := httptest.NewServer(http.HandlerFunc(a.validate))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_ACCESSANALYZER", server.URL)
	return a
}

func (a *analyzer) validate(w http.ResponseWriter, r *http.Request) {
	if a.on != nil {
		a.on()
	}
	refuse := func(status int, code string) {
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"message": "planted by the test"}`))
	}
	var request struct{ PolicyDocument, PolicyType, ValidatePolicyResourceType string }
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/policy/validation":
		refuse(http.StatusNotFound, "UnknownOperationException")
		return
	case json.NewDecoder(r.Body).Decode(&request) != nil || request.PolicyType == "":
		refuse(http.StatusBadRequest, "ValidationException")
		return
	case len(a.faults) > 0:
		code := a.faults[0]
		a.faults = a.faults[1:]
		refuse(map[string]int{"ThrottlingException": 429, "AccessDeniedException": 403}[code], code)
		return
	}
	page := r.URL.Query().Get("nextToken")
	if page == "" {
		a.asked = append(a.asked, strings.TrimSpace(request.PolicyType+" "+request.ValidatePolicyResourceType))
	}
	findings := findings(request.PolicyDocument)
	at := 0
	_, _ = fmt.Sscan(page, &at)
	answer := map[string]any{"findings": findings[at:min(at+1, len(findings))]}
	if at+1 < len(findings) {
		answer["nextToken"] = fmt.Sprint(at + 1)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func findings(document string) []map[string]any {
	var policy struct {
		Version   string
		Statement []struct{ Principal any }
	}
	finding := func(kind, code, details string) map[string]any {
		return map[string]any{"findingType": kind, "issueCode": code, "findingDetails": details, "learnMoreLink": "https://docs.aws.amazon.com/", "locations": []any{}}
	}
	found := []map[string]any{}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return append(found, finding("ERROR", "JSON_SYNTAX_ERROR", "Fix the JSON syntax error."))
	}
	if policy.Version == "" {
		found = append(found, finding("WARNING", "MISSING_VERSION", "Specify the version."))
	}
	for _, statement := range policy.Statement {
		if statement.Principal == "*" {
			found = append(found, finding("SECURITY_WARNING", "PUBLIC_ACCESS", "Everybody is let in."))
		}
	}
	return found
}

func planStep(kind, key, document string) string {
	return fmt.Sprintf(`{"op": "same", "newState": {"type": %q, "urn": "urn:pulumi:dev::airflow::airflow:index:Keys$%s::x", "inputs": {%q: %q}}}`, kind, kind, key, document)
}

func TestAccessAnalyzerAsksAboutEveryDocumentByItsKind(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": `echo "pulumi $*" >>"$CALLS"; cat "$PLAN"`})
	awstest.Start(t)
	a := newAnalyzer(t)
	plan := h.calls + ".plan"
	t.Setenv("PLAN", plan)
	ask := func(steps ...string) func(args ...string) answer {
		a.asked = nil
		require.NoError(t, os.WriteFile(plan, []byte(`{"steps": [`+strings.Join(steps, ",")+`]}`), 0o600))
		return func(args ...string) answer { return h.ops(append([]string{"access-analyzer", "dev"}, args...)...) }
	}
	const fine, open, old = `{"Version": "2012-10-17"}`, `{"Version": "2012-10-17", "Statement": [{"Principal": "*"}]}`, `{"Statement": [{"Principal": "*"}]}`
	good := []string{
		planStep("aws:iam/role:Role", "assumeRolePolicy", fine), planStep("aws:iam/rolePolicy:RolePolicy", "policy", fine),
		planStep("aws:s3/bucketPolicy:BucketPolicy", "policy", fine), planStep("aws:kms/key:Key", "policy", fine),
		planStep("aws:s3/bucket:Bucket", "bucket", "name"), `{"op": "delete"}`,
	}

	a.faults = []string{"ThrottlingException"}
	got := ask(good...)()
	require.Equal(t, 0, got.code, got.said)
	assert.Equal(t, "access-analyzer: documents: 4, errors and security warnings: 0\n", got.said)
	assert.Equal(t, "pulumi preview --non-interactive --json --show-sames --stack dev\n", got.called)
	assert.Equal(t, []string{
		"RESOURCE_POLICY AWS::IAM::AssumeRolePolicyDocument", "IDENTITY_POLICY", "RESOURCE_POLICY AWS::S3::Bucket", "RESOURCE_POLICY",
	}, a.asked)

	got = ask(append(good, planStep("aws:iam/policy:Policy", "policy", `{bad`), planStep("aws:sqs/queue:Queue", "policy", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"))...)()
	assert.Equal(t, ExitNotAsked, got.code)
	assert.Equal(t, "ERROR: aws:iam/policy:Policy x: Fix the JSON syntax error.\n", got.out)
	assert.Equal(t, "access-analyzer: documents that are known only after the update: 1\naccess-analyzer: documents: 5, errors and security warnings: 1\n"+
		"ops: the policies have errors or security warnings, see above\n", got.said)

	got = ask(planStep("aws:kms/key:Key", "policy", old))("--output", "json")
	assert.Equal(t, ExitNotAsked, got.code, "what is on the second page counts")
	assert.JSONEq(t, `[
		{"type": "WARNING", "resource": "aws:kms/key:Key x", "code": "MISSING_VERSION", "details": "Specify the version.", "more": "https://docs.aws.amazon.com/"},
		{"type": "SECURITY_WARNING", "resource": "aws:kms/key:Key x", "code": "PUBLIC_ACCESS", "details": "Everybody is let in.", "more": "https://docs.aws.amazon.com/"}
	]`, got.out)
	got = ask(planStep("aws:kms/key:Key", "policy", `{}`))()
	assert.Equal(t, 0, got.code, "a warning is told, and no fault")
	assert.Equal(t, "WARNING: aws:kms/key:Key x: Specify the version.\n", got.out)

	got = ask()()
	assert.Equal(t, ExitFailure, got.code)
	assert.Equal(t, "ops: a stack has policies, and the plan shows none\n", got.said)
	again := ask(planStep("aws:kms/key:Key", "policy", open))
	a.faults = []string{"AccessDeniedException"}
	got = again()
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: aws:kms/key:Key x: operation error AccessAnalyzer: ValidatePolicy")
	assert.Contains(t, got.said, "AccessDeniedException: planted by the test")
	assert.Empty(t, got.out)
	ctx, stop := context.WithCancel(t.Context())
	a.on = stop
	assert.Equal(t, ExitInterrupted, h.opsUntil(ctx, "access-analyzer", "dev").code)
	require.NoError(t, os.WriteFile(plan, []byte("oops"), 0o600))
	got = h.ops("access-analyzer", "dev")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: the plan: invalid character")
	require.NoError(t, os.Remove(plan))
	got = h.ops("access-analyzer", "dev")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: scripts/pulumi dev preview")
}

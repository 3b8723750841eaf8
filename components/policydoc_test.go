package components

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The form in which AWS hands documents back: a lone value as itself, several
// as a list in the order given.
func TestDocumentJSON(t *testing.T) {
	text, err := Document{
		{
			Sid: "One", Effect: allow, Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::b/*"},
		},
		{
			Sid: "Two", Effect: deny, Principal: Principal{Anyone: true}, Actions: []string{"s3:Get*", "s3:Put*"},
			Resources:  []string{"arn:aws:s3:::b", "arn:aws:s3:::b/*"},
			Conditions: Conditions{"Bool": {"aws:SecureTransport": {"false"}}, "StringEquals": {"aws:PrincipalAccount": {"1", "2"}}},
		},
		{
			Sid: "Three", Effect: allow, Principal: Principal{Services: []string{"ecs.amazonaws.com"}}, Actions: []string{"sts:AssumeRole"},
		},
		{
			Sid: "Four", Effect: allow, Principal: Principal{AWS: []string{"arn:aws:iam::1:root", "arn:aws:iam::2:root"}}, Actions: []string{"kms:*"}, Resources: []string{"*"},
		},
	}.JSON()
	require.NoError(t, err)
	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
		{"Sid": "Two", "Effect": "Deny", "Principal": "*", "Action": ["s3:Get*", "s3:Put*"],
		 "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
		 "Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalAccount": ["1", "2"]}}},
		{"Sid": "Three", "Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"},
		{"Sid": "Four", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::1:root", "arn:aws:iam::2:root"]}, "Action": "kms:*", "Resource": "*"}
	]}`, text)
	require.NotContains(t, text, "\n", "one line, as the provider compares it")
}

// The same statements give the same text every time, or every preview would
// show a difference.
func TestDocumentJSONIsStable(t *testing.T) {
	document := Document{{
		Sid: "S", Effect: allow, Actions: []string{"a:b"}, Resources: []string{"*"},
		Conditions: Conditions{"A": {"x": {"1"}, "y": {"2"}, "z": {"3"}}, "B": {"x": {"1"}}, "C": {"x": {"1"}}},
	}}
	first, err := document.JSON()
	require.NoError(t, err)
	for range 50 {
		again, err := document.JSON()
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

func TestDocumentRefusesWhatAWSWouldOrShould(t *testing.T) {
	good := Statement{Sid: "S", Effect: allow, Actions: []string{"a:b"}, Resources: []string{"*"}}
	for want, change := range map[string]func(*Statement){
		`policy statement "S": effect "Alow" is neither Allow nor Deny`:     func(s *Statement) { s.Effect = "Alow" },
		`policy statement "S": no action`:                                   func(s *Statement) { s.Actions = nil },
		`policy statement "S": Action: an empty value`:                      func(s *Statement) { s.Actions = []string{""} },
		`policy statement "S": Resource: an empty value`:                    func(s *Statement) { s.Resources = []string{"arn:x", ""} },
		`policy statement "S": Resource: a control character in "arn:x\ny"`: func(s *Statement) { s.Resources = []string{"arn:x\ny"} },
		`policy statement "S": Resource: a control character in "\x7f"`:     func(s *Statement) { s.Resources = []string{"\x7f"} },
		`policy statement "S": principal: an empty value`:                   func(s *Statement) { s.Principal = Principal{AWS: []string{""}} },
		`policy statement "S": principal: a control character in "a\x00"`:   func(s *Statement) { s.Principal = Principal{Services: []string{"a\x00"}} },
		`policy statement "S": principal: anyone and somebody at once`:      func(s *Statement) { s.Principal = Principal{Anyone: true, AWS: []string{"x"}} },
		`policy statement "S": condition Bool k: no usable value`:           func(s *Statement) { s.Conditions = Conditions{"Bool": {"k": nil}} },
		`policy statement "S": condition StringEquals k: no usable value`:   func(s *Statement) { s.Conditions = Conditions{"StringEquals": {"k": {"ok", ""}}} },
		`policy statement "S": condition StringLike k: no usable value`:     func(s *Statement) { s.Conditions = Conditions{"StringLike": {"k": {"a\tb"}}} },
	} {
		statement := good
		change(&statement)
		_, err := Document{statement}.JSON()
		require.EqualError(t, err, want)
	}
	_, err := Document{{Sid: "S", Effect: allow, Actions: []string{"a:b"}}}.JSON()
	require.EqualError(t, err, `policy statement "S": neither a principal nor a resource`)
	_, err = Document{}.JSON()
	require.EqualError(t, err, "policy document without a statement")
	_, err = Document{good, good}.JSON()
	require.EqualError(t, err, `policy statement "S": the Sid stands twice`)
	_, err = Document{{Effect: allow, Actions: []string{"a:b"}, Resources: []string{"*"}}}.JSON()
	require.EqualError(t, err, `policy statement "": a Sid has letters and digits only, and at least one`)
	_, err = Document{{Sid: "Own Account", Effect: allow, Actions: []string{"a:b"}, Resources: []string{"*"}}}.JSON()
	require.EqualError(t, err, `policy statement "Own Account": a Sid has letters and digits only, and at least one`)
}

func TestARNs(t *testing.T) {
	require.Equal(t, "arn:aws:logs:eu-west-1:123456789012:log-group:/x:*", testScope.ARN("logs", "log-group:/x:*"))
	require.Equal(t, "arn:aws:iam::123456789012:role/x", testScope.GlobalARN("iam", "role/x"))
	require.Equal(t, "arn:aws:iam::123456789012:root", testScope.RootARN())
	require.Equal(t, "arn:aws:s3:::b", BucketARN("b", ""))
	require.Equal(t, "arn:aws:s3:::b/p/*", BucketARN("b", "p/*"))
	// Secrets Manager adds a hyphen and six characters: a shorter pattern would
	// also match the secrets whose names begin alike.
	require.Equal(t, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme-airflow-test/db-*", testScope.SecretARN("db"))
	require.Equal(t, "/acme-airflow-test/x", testScope.LogGroupName("x"))
	require.Equal(t, "acme-airflow-test-x", testScope.Name("x"))
}

func TestTaskLogPermissions(t *testing.T) {
	read := policyOf(t, testScope.ReadTaskLogs("logs", "tasks/"))
	require.Equal(t, []string{"TaskLogsDecrypt", "TaskLogsList", "TaskLogsRead"}, sids(read))
	require.Equal(t, "s3:ListBucket", read["TaskLogsList"].Action)
	require.Equal(t, "arn:aws:s3:::logs", read["TaskLogsList"].Resource)
	require.Equal(t, "s3:GetObject", read["TaskLogsRead"].Action)
	require.Equal(t, "arn:aws:s3:::logs/tasks/*", read["TaskLogsRead"].Resource)
	require.Equal(t, map[string]map[string]any{
		"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/acme-airflow-test-data"},
		"StringEquals":             {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
	}, read["TaskLogsDecrypt"].Condition)

	write := policyOf(t, testScope.WriteTaskLogs("logs", "tasks/"))
	require.Equal(t, "s3:PutObject", write["TaskLogsWrite"].Action)
	require.Equal(t, "arn:aws:s3:::logs/tasks/*", write["TaskLogsWrite"].Resource)
	require.Equal(t, "kms:GenerateDataKey", write["TaskLogsEncrypt"].Action)
}

func TestDAGPermissionsDontWrite(t *testing.T) {
	policy := policyOf(t, testScope.ReadDAGs("dags", "dev/", "dev-plugins/"))
	require.Equal(t, []any{"arn:aws:s3:::dags/dev/*", "arn:aws:s3:::dags/dev-plugins/*"}, policy["DAGsRead"].Resource)
	for sid, s := range policy {
		for _, action := range texts(s.Action) {
			require.Regexp(t, `^(s3:(Get|List)|kms:Decrypt)`, action, sid)
		}
	}
}

func TestProtectTasks(t *testing.T) {
	policy := policyOf(t, Document{testScope.ProtectTasks(&Cluster{Name: "c"})})
	require.Equal(t, "arn:aws:ecs:eu-west-1:123456789012:task/c/*", policy["ProtectFromScaleIn"].Resource)
	require.Equal(t, "ecs:UpdateTaskProtection", policy["ProtectFromScaleIn"].Action)
}

func policyOf(t testing.TB, document Document) map[string]statement {
	t.Helper()
	text, err := document.JSON()
	require.NoError(t, err)
	return parsePolicy(t, text)
}

// FuzzDocument: whatever stands in a statement, the document is refused, or is
// JSON that says exactly that and nothing more.
func FuzzDocument(f *testing.F) {
	for _, value := range []string{
		"", "*", "arn:aws:s3:::b/*", `x","Effect":"Allow`, `"}]}`, "a\nb", "\x00", "<&>", "\u2028", "ä", "\xff", `\`, `\u0022`, "${aws:username}",
	} {
		f.Add("Sid1", value, "s3:GetObject", value, value)
		f.Add(value, "Deny", value, "*", "x")
		f.Add("S", "Allow", "a:b", value, "*")
	}
	f.Fuzz(func(t *testing.T, sid, effect, action, resource, principal string) {
		document := Document{{
			Sid: sid, Effect: effect, Actions: []string{action}, Resources: []string{resource, "arn:second"},
			Principal: Principal{AWS: []string{principal}}, Conditions: Conditions{"StringEquals": {"k": {resource}}},
		}}
		text, err := document.JSON()
		if err != nil {
			require.Empty(t, text, "a refused document was handed out")
			return
		}
		require.True(t, json.Valid([]byte(text)))
		policy := parsePolicy(t, text)
		require.Len(t, policy, 1)
		got := policy[sid]
		require.Equal(t, effect, got.Effect)
		require.Equal(t, action, got.Action)
		require.Len(t, got.Resource, 2)
		require.Equal(t, map[string]any{"AWS": principal}, got.Principal)
		require.Equal(t, resource, got.Condition["StringEquals"]["k"])
		for _, value := range []string{action, resource, principal} {
			require.NotEmpty(t, value)
			require.False(t, strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }))
		}
	})
}

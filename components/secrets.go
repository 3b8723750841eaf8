package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecretsArgs holds what the tasks must know and nobody else.
type SecretsArgs struct {
	Scope Scope
	// RecoveryDays is how long a deleted secret can be brought back, 7 to 30; 0
	// not at all.
	RecoveryDays int
	// KeyARN is the KMS key that encrypts the entries.
	KeyARN      pulumi.StringInput
	Credentials *Credentials
	// DatabaseHost and BrokerHost become part of the connection URLs.
	DatabaseHost pulumi.StringInput
	BrokerHost   pulumi.StringInput
	// OIDCClientSecret is nil unless a login mode needs it.
	OIDCClientSecret pulumi.StringInput
}

// Secrets are the entries in Secrets Manager. Containers get them by
// reference, pinned to a version: a rotation makes new task definitions, and
// no task changes under its feet (docs/adr/0006).
type Secrets struct {
	pulumi.ResourceState

	// DatabaseURL is the connection to the metadata database as its owner, in three
	// forms, the keys sync, async and libpq of its JSON.
	DatabaseURL *Secret
	// ServerURL, MetricsURL, DAGProcessorURL and TriggererURL are the same for the
	// database's narrower users.
	ServerURL, MetricsURL, DAGProcessorURL, TriggererURL *Secret
	// BrokerURL is the connection to the broker, which holds Celery's results too.
	BrokerURL *Secret
	// FernetKey encrypts connections and variables in the database.
	FernetKey *Secret
	// JWTSecret signs the tokens of tasks and people, the key sign of its JSON;
	// trust is the set of keys that they are checked with.
	JWTSecret *Secret
	// APISecretKey signs sessions and requests for live logs.
	APISecretKey *Secret
	// OIDCClientSecret is nil without an IdP.
	OIDCClientSecret *Secret

	names pulumi.StringArray
}

// Names are those of all entries.
func (s *Secrets) Names() pulumi.StringArray { return s.names }

// Secret is one entry of Secrets Manager at one version.
type Secret struct {
	// Name is the known part of the entry's name, <prefix>/<Name>-<life>.
	Name string
	// ARN is the entry's, with a random end.
	ARN pulumi.StringOutput
	// VersionID is the version's: a new value has a new one.
	VersionID pulumi.StringOutput
	// Value is what the version holds, a Pulumi secret.
	Value pulumi.StringOutput
}

// ValueFrom is the reference of a container to the secret, or to one key of
// its JSON (ECS developer guide, "Pass Secrets Manager secrets through
// environment variables").
func (s *Secret) ValueFrom(jsonKey string) pulumi.StringOutput {
	return pulumi.Sprintf("%s:%s::%s", s.ARN, jsonKey, s.VersionID)
}

// Keys of the JSON of the JWT secret.
const (
	signKey   = "sign"
	trustKeys = "trust"
)

// Keys of the database URL's JSON.
const (
	syncURL  = "sync"
	asyncURL = "async"
	libpqURL = "libpq"
)

// NewSecrets creates the entries and their versions.
func NewSecrets(ctx *pulumi.Context, name string, args *SecretsArgs, opts ...pulumi.ResourceOption) (*Secrets, error) {
	s := &Secrets{}
	if err := register(ctx, "Secrets", name, s, opts); err != nil {
		return nil, err
	}
	c := args.Credentials
	type entry struct {
		target      **Secret
		name        string
		description string
		value       pulumi.StringInput
	}
	urlOf := func(target **Secret, name, user string, password pulumi.StringInput) entry {
		return entry{target, name, "Connection URLs of the database user " + user, args.databaseURL(user+c.userSuffix, password)}
	}
	entries := []entry{
		{&s.DatabaseURL, "database-url", "Connection URLs of the database's owner " + DatabaseUser, args.databaseURL(DatabaseUser, c.DatabasePassword)},
		urlOf(&s.ServerURL, "server-url", ServerUser, c.ServerPassword),
		urlOf(&s.MetricsURL, "metrics-url", MetricsUser, c.MetricsPassword),
		urlOf(&s.DAGProcessorURL, "dag-processor-url", DAGProcessorUser, c.DAGProcessorPassword),
		urlOf(&s.TriggererURL, "triggerer-url", TriggererUser, c.TriggererPassword),
		{&s.BrokerURL, "broker-url", "Connection URL of the Celery broker", args.brokerURL()},
		{&s.FernetKey, "fernet-key", "Encrypts connections and variables in the database", c.FernetKeys},
		{&s.JWTSecret, "jwt-secret", "Signs the tokens of the execution API", pulumi.JSONMarshal(map[string]any{signKey: c.JWTSecret, trustKeys: c.TrustedJWTKeys})},
		{&s.APISecretKey, "api-secret-key", "Signs the sessions of the web interface", c.APISecretKey},
	}
	if args.OIDCClientSecret != nil {
		entries = append(entries, entry{&s.OIDCClientSecret, "oidc-client-secret", "Client secret at the identity provider", args.OIDCClientSecret})
	}
	for _, e := range entries {
		secret, err := s.newSecret(ctx, name, args, e.name, e.description, e.value)
		if err != nil {
			return nil, err
		}
		*e.target = secret
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

func (s *Secrets) newSecret(ctx *pulumi.Context, name string, args *SecretsArgs, secret, description string, value pulumi.StringInput) (*Secret, error) {
	created, err := secretsmanager.NewSecret(ctx, name+"-"+secret, &secretsmanager.SecretArgs{
		// Secrets Manager keeps a deleted secret's name for its recovery days: the
		// same stack, made again, needs other ones.
		Name:                 pulumi.Sprintf("%s/%s-%s", args.Scope.Prefix, secret, args.Credentials.Life),
		Description:          pulumi.String(description),
		KmsKeyId:             args.KeyARN.ToStringOutput().ToStringPtrOutput(),
		RecoveryWindowInDays: pulumi.Int(args.RecoveryDays),
		// Secrets of a stack that is older than lives keep their names.
	}, pulumi.Parent(s), pulumi.IgnoreChanges([]string{"name"}))
	if err != nil {
		return nil, fmt.Errorf("secrets: %s: %w", secret, err)
	}
	s.names = append(s.names, created.Name)
	version, err := secretsmanager.NewSecretVersion(ctx, name+"-"+secret, &secretsmanager.SecretVersionArgs{
		SecretId:     created.ID(),
		SecretString: pulumi.ToSecret(value).(pulumi.StringOutput).ToStringPtrOutput(),
	}, pulumi.Parent(created))
	if err != nil {
		return nil, fmt.Errorf("secrets: version of %s: %w", secret, err)
	}
	return &Secret{Name: secret, ARN: created.Arn, VersionID: version.VersionId, Value: version.SecretString.Elem()}, nil
}

// databaseURL is a user's connection in the three forms that Airflow's sync and
// async engines and the agent take; each verifies certificate and host name.
// The certificate authority's path is not part of it: see PGSSLROOTCERT.
func (args *SecretsArgs) databaseURL(user string, password pulumi.StringInput) pulumi.StringOutput {
	server := pulumi.Sprintf("%s:%s@%s:%d/%s", user, password, args.DatabaseHost, DatabasePort, DatabaseName)
	return pulumi.JSONMarshal(map[string]any{
		syncURL:  pulumi.Sprintf("postgresql+psycopg2://%s?sslmode=verify-full", server),
		asyncURL: pulumi.Sprintf("postgresql+asyncpg://%s?ssl=verify-full", server),
		libpqURL: pulumi.Sprintf("postgres://%s?sslmode=verify-full", server),
	})
}

// brokerURL verifies the broker's certificate: without ssl_cert_reqs nothing is.
func (args *SecretsArgs) brokerURL() pulumi.StringOutput {
	return pulumi.Sprintf("rediss://:%s@%s:%d/0?ssl_cert_reqs=required", args.Credentials.BrokerToken, args.BrokerHost, BrokerPort)
}

package components

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Generations counts the rotations of each credential, from 1; raising one
// makes a new value (docs/adr/0006, docs/runbooks/rotate-secrets.md).
type Generations struct {
	// DatabasePassword, BrokerToken, FernetKey, JWTSecret and APISecretKey are
	// for what [Credentials] call so.
	DatabasePassword, BrokerToken, FernetKey, JWTSecret, APISecretKey int
}

// Credentials are the values that the stack makes up itself. They live in the
// encrypted state and in Secrets Manager only.
type Credentials struct {
	pulumi.ResourceState

	// DatabasePassword is the database user's: 32 letters and digits.
	DatabasePassword pulumi.StringOutput
	// ServerPassword, MetricsPassword, DAGProcessorPassword and TriggererPassword
	// are those of the database's narrower users, made anew together with
	// DatabasePassword.
	ServerPassword, MetricsPassword, DAGProcessorPassword, TriggererPassword pulumi.StringOutput
	// userSuffix makes two names of each narrower user, which take turns: the one
	// before keeps its password while its tasks are replaced (docs/adr/0080).
	userSuffix string
	// BrokerToken is the broker's: 64 letters and digits.
	BrokerToken pulumi.StringOutput
	// FernetKeys is the current key and, after a rotation, the one before it,
	// with a comma between: Airflow encrypts with the first and reads with both.
	FernetKeys pulumi.StringOutput
	// JWTSecret signs the tokens of tasks and people: 96 letters and digits.
	JWTSecret pulumi.StringOutput
	// TrustedJWTKeys is a JSON Web Key Set of what tokens may be signed with: the
	// secrets of the generation before, of this one, and of the next, each with its
	// generation as kid. So all that check tokens know a secret before the first
	// token is signed with it, and for one generation after the last (docs/adr/0079).
	TrustedJWTKeys pulumi.StringOutput
	// APISecretKey signs sessions and requests for live logs: 64 letters and digits.
	APISecretKey pulumi.StringOutput
	// Life is six letters and digits, made up once for a stack and again when it
	// was destroyed and is made anew: part of the names that AWS keeps after a
	// deletion. No secret.
	Life pulumi.StringOutput
}

const (
	// passwordLength letters and digits hold 190 bits; none needs escaping in a URL.
	passwordLength = 32
	// tokenLength is within the 16 to 128 characters that ElastiCache takes.
	tokenLength = 64
	// jwtAlgorithm is what tokens are signed with, and wants 64 bytes or more.
	jwtAlgorithm = "HS512"
	jwtLength    = 96
	// fernetBytes is what the cryptography library's Fernet takes, as URL-safe base64.
	fernetBytes = 32
	lifeLength  = 6
)

// NewCredentials makes up the values of the given generations.
func NewCredentials(ctx *pulumi.Context, name string, generations Generations, opts ...pulumi.ResourceOption) (*Credentials, error) {
	c := &Credentials{}
	if generations.DatabasePassword%2 == 0 {
		c.userSuffix = "_b"
	}
	if err := register(ctx, "Credentials", name, c, opts); err != nil {
		return nil, err
	}
	var failed error
	password := func(purpose string, length, generation int) pulumi.StringOutput {
		value, err := c.password(ctx, name+"-"+purpose, length, generation)
		if err != nil {
			failed = err
		}
		return value
	}
	c.DatabasePassword = password("database-password", passwordLength, generations.DatabasePassword)
	c.ServerPassword = password("server-password", passwordLength, generations.DatabasePassword)
	c.MetricsPassword = password("metrics-password", passwordLength, generations.DatabasePassword)
	c.DAGProcessorPassword = password("dag-processor-password", passwordLength, generations.DatabasePassword)
	c.TriggererPassword = password("triggerer-password", passwordLength, generations.DatabasePassword)
	c.BrokerToken = password("broker-token", tokenLength, generations.BrokerToken)
	c.APISecretKey = password("api-secret-key", tokenLength, generations.APISecretKey)
	if failed != nil {
		return nil, failed
	}
	life, err := random.NewRandomString(ctx, name+"-life", &random.RandomStringArgs{
		Length: pulumi.Int(lifeLength), Special: pulumi.Bool(false), Upper: pulumi.Bool(false),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("credentials: life: %w", err)
	}
	c.Life = life.Result
	if err := c.jwtKeys(ctx, name, generations.JWTSecret); err != nil {
		return nil, err
	}
	if c.FernetKeys, err = c.fernetKeys(ctx, name, generations.FernetKey); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// password makes up letters and digits, anew for each generation.
func (c *Credentials) password(ctx *pulumi.Context, name string, length, generation int, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	value, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{
		Length:  pulumi.Int(length),
		Special: pulumi.Bool(false),
		Keepers: pulumi.StringMap{"generation": pulumi.String(strconv.Itoa(generation))},
	}, append(opts, pulumi.Parent(c))...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("credentials: %s: %w", name, err)
	}
	return value.Result, nil
}

// withoutKid is the kid of tokens that Airflow signs with a secret when it is
// told none: those of a stack from before the generations were kids.
const withoutKid = "not-used"

// jwtKeys makes one secret for the generation before, this one and the next. A
// secret's resource is named after its generation, so that the next one becomes
// the current one instead of being made anew.
func (c *Credentials) jwtKeys(ctx *pulumi.Context, name string, generation int) error {
	keys := pulumi.StringMap{}
	for g := max(1, generation-1); g <= generation+1; g++ {
		var opts []pulumi.ResourceOption
		if g == generation { // of a stack from before the generations had names
			opts = append(opts, pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(name + "-jwt-secret")}}))
		}
		key, err := c.password(ctx, fmt.Sprintf("%s-jwt-secret-%d", name, g), jwtLength, g, opts...)
		if err != nil {
			return err
		}
		keys[strconv.Itoa(g)] = key
		if g == generation {
			c.JWTSecret, keys[withoutKid] = key, key
		}
	}
	c.TrustedJWTKeys = keys.ToStringMapOutput().ApplyT(keySet).(pulumi.StringOutput)
	return nil
}

// keySet is secrets by their kid as a JSON Web Key Set (RFC 7517, RFC 7518 6.4).
func keySet(secrets map[string]string) string {
	keys := []map[string]string{}
	for _, kid := range slices.Sorted(maps.Keys(secrets)) {
		keys = append(keys, map[string]string{
			"kty": "oct", "alg": jwtAlgorithm, "kid": kid, "k": base64.RawURLEncoding.EncodeToString([]byte(secrets[kid])),
		})
	}
	return mustJSON(map[string]any{"keys": keys})
}

// fernetKeys makes one key for each of the last two generations. A key's
// resource is named after its generation, so that the current one becomes the
// previous one instead of being made anew.
func (c *Credentials) fernetKeys(ctx *pulumi.Context, name string, generation int) (pulumi.StringOutput, error) {
	var keys []any
	for g := generation; g >= max(1, generation-1); g-- {
		key, err := random.NewRandomBytes(ctx, fmt.Sprintf("%s-fernet-%d", name, g), &random.RandomBytesArgs{
			Length: pulumi.Int(fernetBytes),
		}, pulumi.Parent(c))
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("credentials: fernet key: %w", err)
		}
		keys = append(keys, key.Base64)
	}
	joined := pulumi.Sprintf(strings.TrimSuffix(strings.Repeat("%s,", len(keys)), ","), keys...)
	return joined.ApplyT(urlSafe).(pulumi.StringOutput), nil
}

// urlSafe turns standard base64 into its URL-safe form.
func urlSafe(base64 string) string {
	return strings.NewReplacer("+", "-", "/", "_").Replace(base64)
}

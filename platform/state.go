package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// state is everything that remembers.
type state struct {
	database *components.Database
	broker   *components.Broker
	files    *components.Files
	buckets  *components.Buckets
	secrets  *components.Secrets
}

func newState(ctx *pulumi.Context, cfg *config.Config, scope components.Scope, keys *components.Keys, network *components.Network, in pulumi.ResourceOption) (*state, error) {
	s := &state{}
	credentials, err := components.NewCredentials(ctx, "credentials", components.Generations{
		DatabasePassword: cfg.Secrets.DatabasePassword,
		BrokerToken:      cfg.Secrets.BrokerToken,
		FernetKey:        cfg.Secrets.FernetKey,
		JWTSecret:        cfg.Secrets.JWTSecret,
		APISecretKey:     cfg.Secrets.APISecretKey,
	})
	if err != nil {
		return nil, err
	}
	everywhere := network.SubnetIDs(cfg.Network.Zones)
	if s.database, err = components.NewDatabase(ctx, "database", &components.DatabaseArgs{
		Scope:                  scope,
		VPCID:                  network.VPCID,
		SubnetIDs:              everywhere,
		EngineVersion:          cfg.Database.EngineVersion,
		InstanceClass:          cfg.Database.InstanceClass,
		AllocatedStorageGiB:    cfg.Database.AllocatedStorageGiB,
		MaxAllocatedStorageGiB: cfg.Database.MaxAllocatedStorageGiB,
		MultiAZ:                cfg.Database.MultiAZ,
		BackupRetentionDays:    cfg.Database.BackupRetentionDays,
		InsightsRetentionDays:  cfg.Database.InsightsRetentionDays,
		LogRetentionDays:       cfg.Services.LogRetentionDays,
		Protect:                cfg.Database.DeletionProtection,
		FinalSnapshot:          cfg.Database.FinalSnapshot,
		Password:               credentials.DatabasePassword,
		Life:                   credentials.Life,
		DataKeyARN:             keys.DataARN,
		LogsKeyARN:             keys.LogsARN,
	}, in); err != nil {
		return nil, err
	}
	if s.broker, err = components.NewBroker(ctx, "broker", &components.BrokerArgs{
		Scope:                 scope,
		VPCID:                 network.VPCID,
		SubnetIDs:             everywhere,
		Engine:                cfg.Broker.Engine,
		EngineVersion:         cfg.Broker.EngineVersion,
		NodeType:              cfg.Broker.NodeType,
		Replicas:              cfg.Broker.Replicas,
		SnapshotRetentionDays: cfg.Broker.SnapshotRetentionDays,
		Token:                 credentials.BrokerToken,
		DataKeyARN:            keys.DataARN,
	}, in); err != nil {
		return nil, err
	}
	if s.files, err = components.NewFiles(ctx, "files", &components.FilesArgs{
		Scope:                scope,
		Network:              network,
		Zones:                cfg.TaskZones(),
		OneZone:              cfg.Files.OneZone,
		Backup:               cfg.Files.Backup,
		InfrequentAccessDays: cfg.Files.InfrequentAccessDays,
		DataKeyARN:           keys.DataARN,
	}, in); err != nil {
		return nil, err
	}
	if s.buckets, err = components.NewBuckets(ctx, "buckets", &components.BucketsArgs{
		Scope:            scope,
		DAGs:             cfg.Buckets.DAGs,
		Logs:             cfg.Buckets.Logs,
		AccessLogs:       cfg.Buckets.AccessLogs,
		LogRetentionDays: cfg.Buckets.LogRetentionDays,
		NoncurrentDays:   cfg.Buckets.NoncurrentDays,
		ForceDestroy:     cfg.Buckets.ForceDestroy,
		DataKeyARN:       keys.DataARN,
	}, in); err != nil {
		return nil, err
	}
	s.secrets, err = components.NewSecrets(ctx, "secrets", &components.SecretsArgs{
		Scope:            scope,
		RecoveryDays:     cfg.Secrets.RecoveryDays,
		KeyARN:           keys.SecretsARN,
		Credentials:      credentials,
		DatabaseHost:     s.database.Host,
		BrokerHost:       s.broker.Host,
		OIDCClientSecret: clientSecret(ctx, cfg),
	}, in)
	return s, err
}

// clientSecret is the IdP's, from the stack's encrypted config; nil without an IdP.
func clientSecret(ctx *pulumi.Context, cfg *config.Config) pulumi.StringInput {
	if cfg.Login.Mode == config.LoginNone {
		return nil
	}
	return pulumiconfig.RequireSecret(ctx, ctx.Project()+":oidcClientSecret")
}

func newLoadBalancer(ctx *pulumi.Context, cfg *config.Config, scope components.Scope, network *components.Network, state *state, in pulumi.ResourceOption) (*components.LoadBalancer, error) {
	args := &components.LoadBalancerArgs{
		Scope:           scope,
		VPCID:           network.VPCID,
		SubnetIDs:       network.SubnetIDs(cfg.Network.Zones),
		Hostname:        cfg.LoadBalancer.Hostname,
		CertificateARN:  cfg.LoadBalancer.CertificateARN,
		ZoneID:          cfg.LoadBalancer.ZoneID,
		Associate:       !cfg.Network.Exists(),
		ZoneVPCs:        cfg.LoadBalancer.ZoneVPCs,
		AccessLogs:      cfg.Buckets.AccessLogs,
		AccessLogsReady: state.buckets.AccessLogsReady,
		Protect:         cfg.LoadBalancer.DeletionProtection,
	}
	if cfg.Login.Mode == config.LoginALB {
		args.OIDC = &components.OIDCArgs{
			Issuer:                cfg.Login.Issuer,
			AuthorizationEndpoint: cfg.Login.AuthorizationEndpoint,
			TokenEndpoint:         cfg.Login.TokenEndpoint,
			UserInfoEndpoint:      cfg.Login.UserInfoEndpoint,
			ClientID:              cfg.Login.ClientID,
			ClientSecret:          state.secrets.OIDCClientSecret.Value,
			SessionSeconds:        cfg.Login.SessionSeconds,
		}
	}
	return components.NewLoadBalancer(ctx, "web", args, in)
}

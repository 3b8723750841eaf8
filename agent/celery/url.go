package celery

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// CheckURL says what is wrong with a broker URL, without connecting to it.
func CheckURL(broker string) error {
	_, err := options(broker)
	return err
}

// options turns the broker URL that Airflow itself uses into options for the
// Redis client. Kombu's own query settings are understood; the certificate of
// a rediss:// server is always verified, even where kombu would not do it.
// No error names the URL: it holds the broker's password.
func options(broker string) (*redis.Options, error) {
	u, err := url.Parse(broker)
	if err != nil || u.Host == "" || (u.Scheme != "redis" && u.Scheme != "rediss") {
		return nil, errors.New("broker: no Redis address; write it like rediss://:PASSWORD@HOST:6379/0?ssl_cert_reqs=required")
	}
	query := u.Query()
	verify := strings.ToLower(strings.TrimPrefix(strings.ToUpper(query.Get("ssl_cert_reqs")), "CERT_"))
	if u.Scheme == "rediss" && verify != "" && verify != "required" {
		return nil, fmt.Errorf("broker: ssl_cert_reqs=%s would accept any server; set it to required", query.Get("ssl_cert_reqs"))
	}
	authorities := query.Get("ssl_ca_certs")
	for name := range query {
		if strings.HasPrefix(name, "ssl_") {
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
	opts, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, errors.New("broker: the Redis address has a setting that is neither kombu's ssl_… nor known to the client")
	}
	if opts.TLSConfig != nil {
		opts.TLSConfig.MinVersion = tls.VersionTLS12
		if opts.TLSConfig.RootCAs, err = roots(authorities); err != nil {
			return nil, err
		}
	}
	// One connection asks and one waits for answers. A broken broker must be
	// seen within a probe, so nothing is retried in here.
	opts.PoolSize = 2
	opts.MaxRetries = -1
	opts.DialTimeout = 3 * time.Second
	opts.ReadTimeout = 3 * time.Second
	opts.WriteTimeout = 3 * time.Second
	opts.ContextTimeoutEnabled = true
	opts.ClientName = "airflow-agent"
	opts.DisableIdentity = true
	return opts, nil
}

// roots reads a private certificate authority. Without one the system's apply,
// which SSL_CERT_FILE can name.
func roots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("broker: ssl_ca_certs: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("broker: ssl_ca_certs: %s holds no certificate", file)
	}
	return pool, nil
}

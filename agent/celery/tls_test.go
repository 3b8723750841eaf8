package celery

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
	"github.com/pathwai/airflow-on-fargate/agent/internal/loopback"
)

// A broker as ElastiCache offers it: TLS alone, with a password.
func TestTLSBroker(t *testing.T) {
	folder := t.TempDir()
	host, port := loopback.Free(t)
	cert, key := selfSigned(t, folder, "server", host)
	other, _ := selfSigned(t, folder, "other", host)
	redis := celerytest.StartRedisAt(t, host, port, "--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "no",
		"--tls-cert-file", cert, "--tls-key-file", key, "--requirepass", "s3cret/%")
	url := "rediss://:s3cret%2F%25@" + redis.Address() + "/0?ssl_cert_reqs=required&ssl_ca_certs="
	app := celerytest.NewApp(t, url+cert)
	app.StartWorker(worker, "default", 1)

	awake(t, open(t, url+cert), worker)
	for name, untrusting := range map[string]string{
		"another authority":   url + other,
		"no verifying asked":  "rediss://:s3cret%2F%25@" + redis.Address() + "/0",
		"no TLS on the wire":  "redis://:s3cret%2F%25@" + redis.Address() + "/0",
		"the password is bad": "rediss://:wrong@" + redis.Address() + "/0?ssl_ca_certs=" + cert,
	} {
		_, err := open(t, untrusting).Inspect(within(t, 15*time.Second), worker)
		require.ErrorIs(t, err, ErrBroker, name)
	}
}

func selfSigned(t *testing.T, folder, name, host string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.ParseIP(host)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(folder, name+".pem"), filepath.Join(folder, name+".key")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return certFile, keyFile
}

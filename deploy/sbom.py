"""A software bill of materials of what is delivered, as SPDX 2.3 in JSON, on standard output:

    sbom.py --lock deploy/packages/debian-13.lock --name appcore --version 1.0 --time SECONDS <PACKAGES

PACKAGES are lines of Debian packages that it runs with: "NAME" for one that has the lock's version, as in a package's
Depends, or "NAME=VERSION" for one that is installed, as in an image. The same input gives the same bytes: the time is
the commit's. What programs are built with, and the npm packages in the pages, are named too.
"""

import argparse
import base64
import datetime
import hashlib
import json
import pathlib
import re
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
Json = dict[str, object]


class NotListed(Exception):
    """A package whose version neither the input nor the lock knows."""


def read_lock(path: pathlib.Path) -> dict[str, str]:
    """The version of each package of a lock file."""
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: version for name, _, version in pairs}


def read_list(path: pathlib.Path) -> list[str]:
    """The packages of a list in deploy/packages."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def platform(lock: pathlib.Path) -> tuple[str, str]:
    """Release and processor by the lock's name: ("debian-13", "amd64")."""
    match = re.fullmatch(r"(debian-\d+)(?:-(\w+))?\.lock", lock.name)
    if match is None:
        raise ValueError(f"the lock must be named debian-VERSION[-PROCESSOR].lock, got '{lock.name}'")
    return match[1], match[2] or "amd64"


def identifier(*words: str) -> str:
    """Letters, digits, dots and dashes are all that SPDX allows; what else is in a name keeps names apart by its code."""
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", lambda match: f"-x{ord(match[0]):x}", "-".join(words))


def package(kind: str, name: str, version: str, purl: str = "") -> Json:
    found: Json = {
        "SPDXID": identifier(kind, name),
        "name": name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }
    if version:
        found["versionInfo"] = version
    if purl:
        found["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]
    return found


def debian_package(name: str, version: str, lock: pathlib.Path) -> Json:
    release, processor = platform(lock)
    which = f"@{urllib.parse.quote(version, safe='')}" if version else ""
    purl = f"pkg:deb/debian/{urllib.parse.quote(name, safe='')}{which}?arch={processor}&distro={release}"
    return package("deb", name, version, purl) | {"supplier": "Organization: Debian"}


def npm_packages(lock: pathlib.Path) -> list[Json]:
    """What a package-lock.json pins, with the checksums that npm compares."""
    found = []
    for path, entry in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        if not path:
            continue  # the list itself
        name = path.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{urllib.parse.quote(name, safe='/')}@{entry['version']}"
        one = package("npm", f"{name}-{entry['version']}", entry["version"], purl) | {
            "name": name, "licenseDeclared": entry.get("license", "NOASSERTION")}
        algorithm, _, digest = entry.get("integrity", "").partition("-")
        if algorithm == "sha512":
            one["checksums"] = [{"algorithm": "SHA512", "checksumValue": base64.b64decode(digest).hex()}]
        found.append(one)
    return list({str(one["SPDXID"]): one for one in found}.values())


def read_providers(path: pathlib.Path) -> dict[str, str]:
    """Which package provides a name that is not a package: lines "PACKAGE<TAB>NAME (= VERSION), NAME", as dpkg-query has it."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        package, _, names = line.partition("\t")
        found.update({re.sub(r"[ (:].*", "", name.strip()): package for name in names.split(",") if name.strip()})
    return found


def resolve(lines: list[str], locked: dict[str, str], providers: dict[str, str]) -> dict[str, str]:
    """The version of each package of the input. Of alternatives ("a | b") it is the first one that the lock has; where it has
    none of them, the first one, without a version: every machine of that release brings one."""
    found: dict[str, str] = {}
    for line in lines:
        names = [re.sub(r"[ (:].*", "", part.strip()) for part in line.split("|")]
        if "=" in names[0]:
            name, _, version = line.strip().partition("=")
            found[name] = version
            continue
        known = [package for name in names if (package := name if name in locked else providers.get(name, "")) in locked]
        if not known and len(names) == 1:
            raise NotListed(f"{names[0]} must be in the lock file or have a version")
        name = known[0] if known else names[0]
        found[name] = locked.get(name, "")
    return found


def document(options: argparse.Namespace, lines: list[str]) -> Json:
    locked = read_lock(options.lock)
    runs = resolve(lines, locked, read_providers(options.providers) if options.providers else {})
    subject = package("appcore", options.name, options.version) | {
        "licenseDeclared": "MIT", "primaryPackagePurpose": "APPLICATION", "supplier": "NOASSERTION"}
    packages = [subject]
    relationships: list[tuple[object, str, object]] = [("SPDXRef-DOCUMENT", "DESCRIBES", subject["SPDXID"])]
    for name, version in sorted(runs.items()):
        packages.append(debian_package(name, version, options.lock))
        relationships.append((subject["SPDXID"], "DEPENDS_ON", packages[-1]["SPDXID"]))
        if locked.get(name, version) != version:
            packages[-1]["comment"] = f"The lock file has {locked[name]}."
    for name in read_list(HERE / "packages" / "build.txt"):
        if name not in runs:
            packages.append(debian_package(name, locked[name], options.lock))
        relationships.append((identifier("deb", name), "BUILD_DEPENDENCY_OF", subject["SPDXID"]))
    for one in npm_packages(HERE / "npm" / "docs-ui" / "package-lock.json"):
        packages.append(one)
        relationships.append((subject["SPDXID"], "CONTAINS", one["SPDXID"]))
    release, processor = platform(options.lock)
    name = f"{options.name}-{options.version}-{release}-{processor}"
    content = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    time = datetime.datetime.fromtimestamp(options.time, datetime.timezone.utc)
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://appcore.example.org/spdx/{urllib.parse.quote(name)}-{content}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: appcore-sbom"]},
        "packages": packages,
        "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
                          for a, kind, b in relationships],
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Prints a software bill of materials (SPDX 2.3, JSON).")
    parser.add_argument("--lock", type=pathlib.Path, required=True, help="the lock file of the release and processor")
    parser.add_argument("--providers", type=pathlib.Path, help="lines \"PACKAGE<TAB>NAMES\": what is provided under other names")
    parser.add_argument("--name", required=True, help="what is delivered, such as appcore or appcore-image")
    parser.add_argument("--version", required=True)
    parser.add_argument("--time", type=int, required=True, help="of the commit, in seconds since 1970")
    options = parser.parse_args(arguments)
    try:
        found = document(options, [line for line in sys.stdin.read().splitlines() if line.strip()])
    except (NotListed, ValueError, OSError) as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    json.dump(found, sys.stdout, indent=1, sort_keys=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

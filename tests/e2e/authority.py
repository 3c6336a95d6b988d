"""A private certificate authority in a folder of its own, made with openssl."""

import os
import ssl
import subprocess


class Authority:
    def __init__(self, folder, name="test-ca"):
        self._folder = os.path.join(folder, name)
        os.mkdir(self._folder)
        self.certificate = self._path("ca.pem")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "30",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign",  # Python 3.13 asks for it, and for the key identifiers
                      "-subj", f"/CN={name}", "-keyout", self._path("ca.key"), "-out", self.certificate)
        for file, text in (("index", ""), ("serial", "01\n"), ("ca.conf", CA.format(folder=self._folder))):
            with open(self._path(file), "w", encoding="ascii") as out:
                out.write(text)

    def _path(self, name):
        return os.path.join(self._folder, name)

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self._folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise AssertionError(f"openssl {arguments[0]}: {done.stdout}")

    def issue(self, name, *, kind="server", begin="20200101000000Z", end="20491231000000Z", key="ec"):
        """Paths of a certificate and its key, valid between these dates."""
        algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if key == "ec" else ["-newkey", "rsa:2048"]
        request, certificate, private = (self._path(f"{name}.{end}") for end in ("csr", "pem", "key"))
        self._openssl("req", *algorithm, "-noenc", "-subj", f"/CN={name}", "-keyout", private, "-out", request)
        self._openssl("ca", "-batch", "-config", self._path("ca.conf"), "-extensions", kind, "-startdate", begin,
                      "-enddate", end, "-in", request, "-out", certificate)
        os.chmod(private, 0o600)
        return certificate, private

    def context(self, certificate=None):
        """For a client that trusts this authority alone, with a certificate and key of its own if given."""
        context = ssl.create_default_context(cafile=self.certificate)
        if certificate:
            context.load_cert_chain(*certificate)
        return context


def served_field(port, field, *options):
    """What openssl says of the certificate that is served: its -subject, -enddate, ..., without the field's name."""
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    said = subprocess.run(["openssl", "x509", "-noout", field, *options], input=pem, text=True, stdout=subprocess.PIPE, check=True).stdout
    return said.strip().partition("=")[2]


def served_name(port):
    """The common name in the certificate that is served."""
    # Without options the versions of openssl differ in their spaces.
    return served_field(port, "-subject", "-nameopt", "sep_comma_plus").rpartition("CN=")[2]


CA = """
[ca]
default_ca = here
[here]
dir = {folder}
database = {folder}/index
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[server]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:service.example,IP:127.0.0.1
extendedKeyUsage = serverAuth
[client]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
extendedKeyUsage = clientAuth
"""

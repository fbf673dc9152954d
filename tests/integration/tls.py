"""Certificates made by openssl for one test, and brokers that use them."""

import pathlib
import subprocess

import rig

STORE_PASSWORD = "store-Pa55"
OLD_KAFKA = "3.9.2"  # bears SCRAM of librdkafka before 2.6.1


class Authority:
    """A CA in a directory: PEM files NAME.pem and NAME.key, PKCS#12 stores NAME.p12."""

    def __init__(self, directory, name="ca"):
        self.dir = pathlib.Path(directory)
        self.name = name
        self._openssl("req", "-x509", *self._key(name), "-subj", f"/CN={name}", "-days", "2", "-out", f"{name}.pem")

    @property
    def pem(self):
        return str(self.dir / f"{self.name}.pem")

    def issue(self, name, alternatives=None, days=2):
        """A certificate; with negative days one that has expired. Returns the paths of certificate and key."""
        self._openssl("req", "-new", *self._key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        (self.dir / f"{name}.ext").write_text(f"subjectAltName={alternatives}\n" if alternatives else "")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                      "-CAcreateserial", "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return str(self.dir / f"{name}.pem"), str(self.dir / f"{name}.key")

    def encrypt(self, name, password):
        """The key of a certificate under a password; returns its path."""
        self._openssl("pkcs8", "-topk8", "-in", f"{name}.key", "-out", f"{name}.locked", "-passout", f"pass:{password}")
        return str(self.dir / f"{name}.locked")

    def key_store(self, name):
        self._openssl("pkcs12", "-export", "-in", f"{name}.pem", "-inkey", f"{name}.key", "-name", name,
                      "-out", f"{name}.p12", "-passout", f"pass:{STORE_PASSWORD}")
        return str(self.dir / f"{name}.p12")

    def trust_store(self):
        """Java trusts only certificates that keytool marked so."""
        path = self.dir / f"{self.name}-trust.p12"
        path.unlink(missing_ok=True)
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", self.name, "-file", self.pem, "-keystore", path,
                        "-storetype", "PKCS12", "-storepass", STORE_PASSWORD], check=True, capture_output=True)
        return str(path)

    def _key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    def _openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.dir, check=True, capture_output=True)


class SecureKafka(rig.Kafka):
    """A broker with three doors: PLAINTEXT for the test itself, TLS (client certificate required), LOGIN (SASL_SSL)."""

    def __init__(self, authority, version=rig.KAFKA_VERSION, users=None):
        """users: {name: password}, for SCRAM-SHA-256 and SCRAM-SHA-512. The certificate is for localhost only."""
        authority.issue("broker", "DNS:localhost")
        self.tls_port, self.login_port = rig.free_port(), rig.free_port()
        scram = ("SCRAM-SHA-256", "SCRAM-SHA-512")
        formatting = [word for user, password in (users or {}).items() for kind in scram
                      for word in ("--add-scram", f"{kind}=[name={user},password={password}]")]
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        super().__init__(version=version, formatting=formatting, **{
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,LOGIN:SASL_SSL",
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": authority.key_store("broker"),
            "ssl.keystore.password": STORE_PASSWORD,
            "ssl.key.password": STORE_PASSWORD,
            "ssl.truststore.type": "PKCS12",
            "ssl.truststore.location": authority.trust_store(),
            "ssl.truststore.password": STORE_PASSWORD,
            "listener.name.tls.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": ",".join(scram),
            **{f"listener.name.login.{kind.lower()}.sasl.jaas.config": login for kind in scram},
        })
        listeners = (f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self.controller_port},"
                     f"TLS://localhost:{self.tls_port},LOGIN://localhost:{self.login_port}")
        self.properties |= {"listeners": listeners, "advertised.listeners": listeners}

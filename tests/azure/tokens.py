"""Doubles of what gives tokens: the identity platform, a machine's and an App Service's managed identity, and a key vault, which is a thing of its own.

tokens.py LOG SECONDS; prints its port. Tokens are of SECONDS, unsigned, as the emulator takes them. LOG gets a line for each request. Paths:

    /TENANT/oauth2/v2.0/token              by secret (right: s3cret), or by assertion (a file's: federated; a certificate's: checked in part)
    /metadata/identity/oauth2/token        needs Metadata: true, else 400
    /msi/token                             needs X-IDENTITY-HEADER: app
    /vault/NAME/secrets/SECRET             the environment's VAULT_SECRET, for a token of the vault's audience
"""
import base64, http.server, json, os, socketserver, sys, time, urllib.parse

log_path, seconds = sys.argv[1], int(sys.argv[2])


def encode(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decode(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def token(audience):
    now = int(time.time())
    return ".".join([encode({"alg": "none", "typ": "JWT"}), encode({"aud": audience, "iss": "https://sts.windows.net/t/", "nbf": now - 1, "iat": now - 1,
                                                                "exp": now + seconds, "n": time.time_ns()}), "x"])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        with open(log_path, "a") as log:
            print(self.command, self.path.split("?")[0], status, file=log)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/metadata/identity/oauth2/token":
            if self.headers.get("Metadata") != "true":
                return self.answer(400, {"error": "invalid_request"})
            return self.answer(200, {"access_token": token(query["resource"]), "expires_in": str(seconds), "expires_on": str(int(time.time()) + seconds)})
        if url.path == "/msi/token":
            if self.headers.get("X-IDENTITY-HEADER") != "app":
                return self.answer(401, {"error": "unauthorized"})
            return self.answer(200, {"access_token": token(query["resource"]), "expires_on": str(int(time.time()) + seconds)})
        if url.path.startswith("/vault/"):
            claims = decode(self.headers["Authorization"].split()[1].split(".")[1])
            if claims["aud"].rstrip("/") != "https://vault.azure.net" or not url.path.endswith("/secrets/lake-key"):
                return self.answer(403, {"error": {"code": "Forbidden"}})
            return self.answer(200, {"value": os.environ["VAULT_SECRET"]})
        return self.answer(404, {})

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        audience = form["scope"].removesuffix(".default")
        right = form.get("client_secret") == "s3cret+/=" or form.get("client_assertion") == "federated"
        if form.get("client_assertion", "").count(".") == 2:
            head, claims = (decode(part) for part in form["client_assertion"].split(".")[:2])
            right = head["alg"] == "RS256" and claims["iss"] == claims["sub"] == "client" and claims["aud"].endswith(self.path) and \
                verified(form["client_assertion"], head["x5t"])
        if form.get("grant_type") != "client_credentials" or form.get("client_id") != "client" or not right:
            return self.answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"})
        return self.answer(200, {"access_token": token(audience), "expires_in": seconds})


def verified(jwt, thumbprint):
    """Is the signature that of the certificate in the file CERTIFICATE? OpenSSL's program says so."""
    import hashlib, re, ssl, subprocess, tempfile
    pem = re.search("-----BEGIN CERTIFICATE.*END CERTIFICATE-----\n", open(os.environ["CERTIFICATE"]).read(), re.S).group(0)
    text, signature = jwt.rsplit(".", 1)
    digest = base64.urlsafe_b64encode(hashlib.sha1(ssl.PEM_cert_to_DER_cert(pem)).digest()).decode().rstrip("=")
    with tempfile.TemporaryDirectory() as folder:
        open(folder + "/pem", "w").write(pem)
        open(folder + "/signature", "wb").write(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
        key = subprocess.run(["openssl", "x509", "-in", folder + "/pem", "-pubkey", "-noout"], stdout=subprocess.PIPE, check=True).stdout
        open(folder + "/key", "wb").write(key)
        return digest == thumbprint and subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder + "/key", "-signature", folder + "/signature"],
                                                       input=text.encode(), stdout=subprocess.DEVNULL).returncode == 0


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

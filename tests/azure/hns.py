"""A double of a Blob endpoint with a hierarchical namespace, in memory: container lake of account acct. hns.py prints its port.

Directories are blobs with the metadata hdi_isfolder; putting a blob makes those above it. A file and a directory cannot share a name; a directory
that has something cannot be deleted; what else the endpoint does not do there is BlobOperationNotSupported. Signatures are not checked.
"""
import base64, email.utils, http.server, re, socketserver, threading, time, urllib.parse, uuid
from xml.sax.saxutils import escape

lock = threading.RLock()
blobs = {}		# name: dict of data, meta, etag, time, lease, until
blocks = {}		# name, id: bytes
serial = 0


class Refusal(Exception):
    pass


def refuse(status, code):
    raise Refusal(status, code)


def make(name, data, meta):
    global serial
    serial += 1
    blobs[name] = {"data": data, "meta": meta, "etag": '"0x%X"' % serial, "time": email.utils.formatdate(usegmt=True), "lease": None, "until": 0}


def is_folder(name):
    return name in blobs and blobs[name]["meta"].get("hdi_isfolder") == "true"


def put(name, data, headers):
    if is_folder(name):
        refuse(409, "ResourceTypeMismatch")
    if headers.get("If-None-Match") == "*" and name in blobs:
        refuse(409, "BlobAlreadyExists")
    check_lease(name, headers)
    parts = name.split("/")
    above = ["/".join(parts[:i]) for i in range(1, len(parts))]
    if any(a in blobs and not is_folder(a) for a in above):
        refuse(409, "ResourceTypeMismatch")
    for a in above:
        if a not in blobs:
            make(a, b"", {"hdi_isfolder": "true"})
    meta = {k.lower()[10:]: v for k, v in headers.items() if k.lower().startswith("x-ms-meta-")}
    make(name, data, meta)
    return 201, {"ETag": blobs[name]["etag"], "Last-Modified": blobs[name]["time"], "x-ms-request-server-encrypted": "true"}, b""


def check_lease(name, headers):
    b = blobs.get(name)
    if b and b["lease"] and b["until"] > time.monotonic():
        if headers.get("x-ms-lease-id") is None:
            refuse(412, "LeaseIdMissing")
        if headers["x-ms-lease-id"] != b["lease"]:
            refuse(412, "LeaseIdMismatchWithBlobOperation")


def found(name):
    return blobs[name] if name in blobs else refuse(404, "BlobNotFound")


def get(name, headers):
    b = found(name)
    if headers.get("If-Match") not in (None, "*", b["etag"]):
        refuse(412, "ConditionNotMet")
    reply = {"ETag": b["etag"], "Last-Modified": b["time"], "x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
    reply.update({"x-ms-meta-" + k: v for k, v in b["meta"].items()})
    wanted = re.match(r"bytes=(\d+)-(\d*)", headers.get("x-ms-range") or headers.get("Range") or "")
    if not wanted:
        return 200, reply, b["data"]
    first, last = int(wanted.group(1)), int(wanted.group(2) or 1 << 60)
    if first >= len(b["data"]):
        refuse(416, "InvalidRange")
    part = b["data"][first:last + 1]
    reply["Content-Range"] = "bytes %d-%d/%d" % (first, first + len(part) - 1, len(b["data"]))
    return 206, reply, part


def delete(name, headers):
    b = found(name)
    check_lease(name, headers)
    if headers.get("If-Match") not in (None, "*", b["etag"]):
        refuse(412, "ConditionNotMet")
    if is_folder(name) and any(other.startswith(name + "/") for other in blobs):
        refuse(409, "DirectoryIsNotEmpty")
    del blobs[name]
    return 202, {}, b""


def lease(name, headers):
    b, action, now = found(name), headers["x-ms-lease-action"], time.monotonic()
    held = b["lease"] and b["until"] > now
    own = headers.get("x-ms-lease-id") or headers.get("x-ms-proposed-lease-id")
    if action == "acquire":
        if held and b["lease"] != own:
            refuse(409, "LeaseAlreadyPresent")
        b["lease"], b["until"], b["length"] = own or str(uuid.uuid4()), now + int(headers["x-ms-lease-duration"]), int(headers["x-ms-lease-duration"])
        return 201, {"x-ms-lease-id": b["lease"]}, b""
    if action == "break":
        b["lease"] = None
        return 202, {"x-ms-lease-time": "0"}, b""
    if b["lease"] != own:
        refuse(409, "LeaseIdMismatchWithLeaseOperation")
    b["until"] = now + b["length"] if action == "renew" else 0
    return 200, {}, b""


def listing(query):
    prefix, delimiter, marker = query.get("prefix", ""), query.get("delimiter"), query.get("marker", "")
    most, items, seen = int(query.get("maxresults", 5000)), [], set()
    for name in sorted(blobs):
        if not name.startswith(prefix):
            continue
        rest = name[len(prefix):]
        if delimiter and (delimiter in rest or is_folder(name)):
            folder = prefix + rest.split(delimiter)[0] + delimiter
            if rest and folder not in seen:
                seen.add(folder)
                items.append((folder, "<BlobPrefix><Name>%s</Name></BlobPrefix>" % escape(folder)))
            continue
        b = blobs[name]
        meta = "<Metadata>%s</Metadata>" % "".join("<%s>%s</%s>" % (k, escape(v), k) for k, v in b["meta"].items())
        items.append((name, "<Blob><Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>%s</Etag><Content-Length>%d</Content-Length>"
                      "<BlobType>BlockBlob</BlobType></Properties>%s</Blob>" % (escape(name), b["time"], b["etag"].strip('"'), len(b["data"]), meta)))
    items = [item for item in items if item[0] > marker]
    rest = items[most - 1][0] if len(items) > most else ""
    text = "<?xml version='1.0' encoding='utf-8'?><EnumerationResults ContainerName='lake'><Blobs>%s</Blobs><NextMarker>%s</NextMarker>" \
           "</EnumerationResults>" % ("".join(item[1] for item in items[:most]), escape(rest))
    return 200, {"Content-Type": "application/xml"}, text.encode()


def act(method, name, query, headers, body):
    comp = query.get("comp")
    if name is None:
        return listing(query) if comp == "list" else refuse(400, "InvalidQueryParameterValue")
    if method in ("GET", "HEAD") and comp is None:
        return get(name, headers)
    if method == "DELETE" and comp is None:
        return delete(name, headers)
    if method == "PUT" and comp == "lease":
        return lease(name, headers)
    if method == "PUT" and comp == "block":
        blocks[name, query["blockid"]] = body
        return 201, {}, b""
    if method == "PUT" and comp == "blocklist":
        ids = re.findall("<(?:Latest|Uncommitted|Committed)>(.*?)</", body.decode())
        return put(name, b"".join(blocks[name, i] for i in ids), headers)
    if method == "PUT" and comp is None and headers.get("x-ms-blob-type") == "BlockBlob":
        return put(name, body, headers)
    return refuse(409, "BlobOperationNotSupported")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def serve(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = [urllib.parse.unquote(p) for p in url.path.split("/", 3)]
        with lock:
            try:
                if parts[1:3] != ["acct", "lake"]:
                    refuse(404, "ContainerNotFound")
                status, headers, data = act(self.command, parts[3] if len(parts) > 3 and parts[3] else None,
                                            dict(urllib.parse.parse_qsl(url.query)), self.headers, body)
            except Refusal as refusal:
                status, code = refusal.args
                headers, data = {"x-ms-error-code": code}, ("<Error><Code>%s</Code><Message>no</Message></Error>" % code).encode()
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_DELETE = serve


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

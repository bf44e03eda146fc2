"""A client of the Blob REST interface in nothing but Python's own modules, for comparing with ours.

rest.py ENDPOINT make CONTAINER | put CONTAINER/BLOB <FILE | get CONTAINER/BLOB | sas PERMISSIONS [SECONDS]

ENDPOINT is https://HOST:PORT/ACCOUNT; the key is in AZURE_STORAGE_KEY.
"""
import base64, datetime, email.utils, hashlib, hmac, os, ssl, sys, urllib.parse, urllib.request

VERSION = "2021-08-06"


def mac(text):
    key = base64.b64decode(os.environ["AZURE_STORAGE_KEY"])
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()


def call(endpoint, method, path, query={}, headers={}, body=None):
    """Sends a request signed with SharedKey. Returns status, headers and body."""
    account = endpoint.rsplit("/", 1)[1]
    headers = dict(headers, **{"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION})
    url = endpoint + urllib.parse.quote(path)
    resource = "/" + account + urllib.parse.urlsplit(url).path
    lines = [method, "", "", str(len(body)) if body else "", "", headers.get("Content-Type", ""), "", "",
             headers.get("If-Match", ""), headers.get("If-None-Match", ""), "", ""]
    lines += ["%s:%s" % (k.lower(), headers[k]) for k in sorted(headers, key=str.lower) if k.lower().startswith("x-ms-")]
    lines += [resource] + ["%s:%s" % (k, query[k]) for k in sorted(query)]
    headers["Authorization"] = "SharedKey %s:%s" % (account, mac("\n".join(lines)))
    if query:
        url += "?" + urllib.parse.urlencode(query)
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    if body is not None and "Content-Type" not in headers:
        request.add_unredirected_header("Content-Type", "")
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
    try:
        with urllib.request.urlopen(request, context=context) as reply:
            return reply.status, dict(reply.headers), reply.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def sas(endpoint, permissions, seconds=3600):
    """An account SAS for blobs, containers and their listing."""
    account = endpoint.rsplit("/", 1)[1]
    expiry = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = [account, permissions, "b", "sco", "", expiry, "", "https", VERSION, "", ""]
    return urllib.parse.urlencode({"sv": VERSION, "ss": "b", "srt": "sco", "sp": permissions, "se": expiry, "spr": "https",
                                   "sig": mac("\n".join(fields))})


def main(endpoint, verb, *rest):
    if verb == "make":
        status, _, body = call(endpoint, "PUT", "/" + rest[0], {"restype": "container"}, {"Content-Length": "0"})
    elif verb == "put":
        status, _, body = call(endpoint, "PUT", "/" + rest[0], {}, {"x-ms-blob-type": "BlockBlob"}, sys.stdin.buffer.read())
    elif verb == "get":
        status, _, body = call(endpoint, "GET", "/" + rest[0])
        sys.stdout.buffer.write(body)
    elif verb == "sas":
        print(sas(endpoint, rest[0], int(rest[1]) if len(rest) > 1 else 3600))
        return 0
    else:
        raise SystemExit(64)
    if status >= 300:
        print("%s %s: %d %s" % (verb, rest[0], status, body[:300]), file=sys.stderr)
    return status >= 300


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""A proxy before a Blob service that makes faults. proxy.py URL-OF-SERVICE PLAN LOG; prints its port.

PLAN is a file of lines "TIMES METHOD PATTERN FAULT [ARGUMENT ...]": the first line whose method and regular expression (over path and query) match
a request, and whose TIMES are not used up, gives it its fault. The file is read anew when it changes. Faults:

    status NUMBER CODE [RETRY-AFTER]   answers an error of the service without asking it
    done NUMBER CODE                   asks the service, then answers so instead
    lose                               asks the service, then cuts the connection
    cut                                cuts the connection at once
    short                              sends half of the body, then cuts
    flip                               changes a byte of the body, under the sum of the right one
    delay SECONDS                      answers late
    twice                              asks the service twice, answers what it said the second time

LOG gets a line for each request: method, path and query, status or fault.
"""
import base64, http.client, http.server, os, re, socketserver, ssl, sys, threading, time, urllib.parse

service, plan_path, log_path = sys.argv[1:4]
where = urllib.parse.urlsplit(service)
lock = threading.Lock()
plan, plan_time = [], None
context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))


def crc64(data):
    """CRC-64/NVME, bit by bit."""
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x9A6C9329AC4BC9B5 if crc & 1 else 0)
    return base64.b64encode((crc ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")).decode()


def fault_of(method, path):
    global plan, plan_time
    with lock:
        stamp = os.stat(plan_path).st_mtime_ns
        if stamp != plan_time:
            plan = [[int(w[0])] + w[1:] for w in (line.split() for line in open(plan_path)) if w]
            plan_time = stamp
        for line in plan:
            if line[0] > 0 and line[1] in (method, "*") and re.search(line[2], path):
                line[0] -= 1
                return line[3:]
    return ["none"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def note(self, what):
        with lock, open(log_path, "a") as log:
            print(self.command, self.path, what, file=log)

    def ask(self, body):
        connection = http.client.HTTPSConnection(where.hostname, where.port, context=context)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if "crc64" not in name.lower():
                connection.putheader(name, value)
        connection.endheaders(body or None)
        reply = connection.getresponse()
        data = reply.read()
        connection.close()
        return reply.status, reply.getheaders(), data

    def answer(self, status, headers, data, sent=None):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "keep-alive"):
                self.send_header(name, value)
        length = dict((k.lower(), v) for k, v in headers).get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if sent is None else sent)

    def cut(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(2)

    def error(self, number, code, after=None):
        body = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>made by the proxy</Message></Error>" % code.encode()
        headers = [("x-ms-error-code", code)] if code != "-" else []
        self.answer(int(number), headers + ([("Retry-After", after)] if after else []), body)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name, *rest = fault_of(self.command, self.path)
        self.note(name)
        if name == "cut":
            return self.cut()
        if name == "status":
            return self.error(*rest)
        status, headers, data = self.ask(body)
        if name == "twice":
            status, headers, data = self.ask(body)
        if name == "lose":
            return self.cut()
        if name == "done":
            return self.error(*rest)
        if name == "delay":
            time.sleep(float(rest[0]))
        sent = data
        if "x-ms-range-get-content-crc64" in self.headers and status in (200, 206) and len(data) < 100000:
            headers = headers + [("x-ms-content-crc64", crc64(data))]
        if name == "flip" and data:
            sent = bytes([data[0] ^ 1]) + data[1:]
        if name == "short":
            sent = data[:len(data) // 2]
        self.answer(status, headers, data, sent)
        if name == "short":
            self.cut()

    do_GET = do_PUT = do_HEAD = do_DELETE = serve


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        pass


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

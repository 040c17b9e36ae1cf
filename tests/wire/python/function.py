"""A function as one would give it to Lambda, behind a port (`serve`) or as a command (stdin to stdout)."""

import base64
import http.server
import json
import sys


def handler(event, _context):
    """Adds members to each JSON record; drops, fails and breaks on demand; files by `c`."""
    source = event.get("sourceKinesisStreamArn")
    return {"records": [transformed(record, source) for record in event["records"]]}


def transformed(record, source):
    """The answer for one record."""
    data = json.loads(base64.b64decode(record["data"]))
    if data.get("do") == "raise":
        raise ValueError("as the record asked for")
    answer = {"recordId": record["recordId"], "result": data.get("do", "Ok")}
    if answer["result"] == "Ok":
        data["seen"] = record["approximateArrivalTimestamp"]
        if "kinesisRecordMetadata" in record:
            data["from"] = [source, record["kinesisRecordMetadata"]]
        answer["data"] = base64.b64encode(json.dumps(data).encode() + b"\n").decode()
        answer["metadata"] = {"partitionKeys": {"c": data["c"]}}
    return answer


class Handler(http.server.BaseHTTPRequestHandler):
    """What Lambda's Runtime Interface Emulator does: the event is posted, the answer is the body."""

    def do_POST(self):  # noqa: N802 - the name is http.server's
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            answer = handler(event, None)
        except ValueError as error:
            answer = {"errorMessage": str(error), "errorType": "ValueError"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        server.serve_forever()
    else:
        json.dump(handler(json.load(sys.stdin), None), sys.stdout)

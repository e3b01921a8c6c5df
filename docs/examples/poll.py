"""poll.py REQUEST.json RESULT.pdf: submits, shows how far it is, saves the result. Nothing but Python 3."""
import hashlib, json, os, sys, time, urllib.error, urllib.request, uuid

SERVER = os.environ.get("INKWIRE_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("INKWIRE_KEY")


def call(path, body=None, **headers):
    """Sends until there is an answer that time alone would not change: (status, headers, bytes)."""
    request = urllib.request.Request(SERVER + path, data=body)
    if KEY:
        request.add_header("Authorization", "Bearer " + KEY)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    for attempt in range(6):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            problem = error.read()
            if error.code == 304:
                return 304, error.headers, b""
            if error.code not in (429, 502, 503, 504):
                sys.exit("%s: %s" % (error.code, json.loads(problem).get("detail")))
            pause = int(error.headers.get("Retry-After", 2 ** attempt))
        except OSError:
            pause = 2 ** attempt
        time.sleep(pause)
    sys.exit("no answer from " + SERVER)


with open(sys.argv[1], "rb") as file:
    request = file.read()
_, headers, answer = call("/api/v1/jobs", request, Content_Type="application/json", Idempotency_Key=str(uuid.uuid4()))
job, etag = json.loads(answer)["data"], headers["ETag"]

while job["status"] in ("pending", "running"):
    # Held until something changes, for 25 seconds at most; 304 when nothing did.
    status, headers, answer = call("/api/v1/jobs/" + job["job_id"], Prefer="wait=25", If_None_Match=etag)
    if status == 200:
        job, etag = json.loads(answer)["data"], headers["ETag"]
        print(job["status"], job.get("progress", 0), "%", job.get("message", ""), file=sys.stderr)

if job["status"] != "completed":
    sys.exit("%s: %s" % (job.get("error_code"), job.get("error")))
_, _, result = call(job["result_url"])
if hashlib.sha256(result).hexdigest() != job["artifacts"][0]["sha256"]:
    sys.exit("the result is damaged")
with open(sys.argv[2], "wb") as file:
    file.write(result)
print(job["job_id"], len(result), "bytes")

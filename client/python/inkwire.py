"""A client for Inkwire, the document job server: one file, nothing but Python 3.9 or newer.

    from inkwire import Inkwire

    inkwire = Inkwire("http://127.0.0.1:8080", key="...")
    job = inkwire.submit({"operations": [{"type": "add_text", "text": "Hello"}]})
    for event in inkwire.watch(job):
        print(event["type"], event["job"].get("progress"))
    inkwire.download(job["job_id"], "hello.pdf")

Records and events are the dictionaries of the wire (docs/PROTOCOL.md, /docs of the server). What fails raises `InkwireError`;
a server that cannot be reached, is full or restarts is asked again for `patience` seconds. A submit that returned is stored.
A client may be used by many threads at once; an iterator by one at a time.
"""

import base64
import hashlib
import http.client
import json
import os
import random
import ssl
import tempfile
import threading
import time
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor

__version__ = "0.1.0"
__all__ = ["Inkwire", "InkwireError", "Feed", "ENDED"]

ENDED = ("completed", "failed", "cancelled")
_ENDS = ("job.completed", "job.failed", "job.cancelled", "job.deleted", "job.expired")
# The server sends something at least every 15 seconds: a stream that is silent for longer is dead.
_SILENCE = 40
_PASSING = (408, 429, 502, 503, 504)


class InkwireError(Exception):
    """A request was refused, or got no answer.

    `status`: of HTTP, None without an answer. `slug`: the last part of the problem's `type`, as "validation-failed".
    `problem`: the whole problem (RFC 9457), with `errors` and their pointers where a request is wrong. `job`: the
    record of a job that did not complete, where that is the reason. `retry_after`: seconds, where the server says so.
    """

    def __init__(self, message, status=None, problem=None, job=None, retry_after=None):
        super().__init__(message)
        self.status = status
        self.problem = problem or {}
        self.slug = str(self.problem.get("type", "")).rsplit("/", 1)[-1] or None
        self.job = job
        self.retry_after = retry_after


class Inkwire:
    """One server and one key.

    `url` and `key` are taken from INKWIRE_URL and INKWIRE_KEY where they are left out. `patience`: for how many seconds
    a server that does not answer is asked again. `context`: an `ssl.SSLContext` for https.
    """

    def __init__(self, url=None, key=None, patience=60, context=None):
        parts = urllib.parse.urlsplit(url or os.environ.get("INKWIRE_URL") or "http://127.0.0.1:8080")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url has to begin with http:// or https:// and a host")
        self._host, self._port, self._secure = parts.hostname, parts.port, parts.scheme == "https"
        self._base = parts.path.rstrip("/")
        self._key = key if key is not None else os.environ.get("INKWIRE_KEY")
        self._patience = patience
        self._context = context
        self._mine = threading.local()

    # Jobs

    def submit(self, request, idempotency_key=None, strict=False):
        """Stores a job and returns its record (status "pending"). A lost answer is asked for again with the same
        idempotency key, so that there is one job. `strict`: members that the server does not know are refused."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        if strict:
            headers["Prefer"] = "handling=strict"
        return self._json("POST", "/api/v1/jobs", request, headers)

    def get(self, job_id):
        """The record of a job."""
        return self._json("GET", _job(job_id))

    def jobs(self, **filters):
        """Iterates over the records that match, newest first: `status=`, `kind=`, `group=`, `reference=`, `tag=`,
        `search=` and what else `GET /api/v1/jobs` takes."""
        query = {name: value for name, value in filters.items() if value is not None}
        while True:
            page = self._json("GET", "/api/v1/jobs?" + urllib.parse.urlencode(query, doseq=True))
            yield from page["jobs"]
            if not page.get("next_cursor"):
                return
            query["cursor"] = page["next_cursor"]

    def cancel(self, job_id):
        """Stops a job. Returns its record."""
        return self._json("POST", _job(job_id) + "/cancel")

    def delete(self, job_id):
        """Removes a job that has ended, and its files."""
        self._json("DELETE", _job(job_id))

    def wait(self, job, timeout=None):
        """Returns the record when the job has ended, however it did. TimeoutError after `timeout` seconds."""
        job_id = _id(job)
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 25 if end is None else max(0, min(25, end - time.monotonic()))
            record = self._json("GET", _job(job_id), headers={"Prefer": "wait=%d" % left})
            if record["status"] in ENDED:
                return record
            if end is not None and time.monotonic() >= end:
                raise TimeoutError("%s has not ended within %s s" % (job_id, timeout))

    def watch(self, job, after=None, progress_ms=None):
        """Iterates over what happens to a job, until it has ended: each item is an event, `{"type", "job", ...}`, of
        type "job.started", "job.progress", "job.completed" and so on; "snapshot" where it begins without a place in the
        log. `job`: what `submit` returned, or an id. Cut connections are taken up again where they ended."""
        if after is None and isinstance(job, dict):
            after = job.get("events_cursor")
        query = {} if progress_ms is None else {"progress_ms": progress_ms}
        for item in Feed(self, _job(_id(job)) + "/events", query, after):
            if item["type"] == "snapshot":
                for record in item["jobs"]:
                    yield {"type": "snapshot", "job": record}
            elif item["type"] != "reset":
                yield item
                if item["type"] in _ENDS:
                    return

    def follow(self, *topics, after=None, snapshot=True, types=None, progress_ms=None):
        """A `Feed` of many jobs: topics as "jobs", "group:invoices", "kind:report", "tag:urgent", "job:job_..."."""
        query = {"topic": topics or ["jobs"]}
        if types is not None:
            query["types"] = ",".join(types)
        if progress_ms is not None:
            query["progress_ms"] = progress_ms
        return Feed(self, "/api/v1/events", query, after, snapshot)

    # Results

    def download(self, job, path=None, artifact=None):
        """Saves the result of a completed job at `path` (a file appears there only when all of it is), or returns its
        bytes. `artifact`: the name of one of several files. The digest is checked; a cut download goes on where it was."""
        job_id = _id(job)
        if artifact is None:
            address = _job(job_id) + "/result"
        else:
            address = _job(job_id) + "/artifacts/" + urllib.parse.quote(artifact, safe="")
        if path is None:
            with tempfile.SpooledTemporaryFile(max_size=1 << 24) as file:
                self._save(address, file)
                file.seek(0)
                return file.read()
        part = "%s.%s.part" % (path, uuid.uuid4().hex[:8])
        try:
            with open(part, "wb") as file:
                self._save(address, file)
            os.replace(part, path)
        finally:
            if os.path.exists(part):
                os.remove(part)
        return path

    def render(self, request):
        """Submits, waits, and returns the bytes of the result; InkwireError with `job` when it did not complete."""
        job = self.wait(self.submit(request))
        if job["status"] != "completed":
            message = "%s: %s" % (job.get("error_code", job["status"]), job.get("error", job["status"]))
            raise InkwireError(message, job=job)
        return self.download(job)

    def batch(self, requests, concurrency=16):
        """Makes many documents, `concurrency` at a time. Yields (index, record) of each as it ends; a request that is
        refused yields (index, InkwireError). `requests` may be any iterable and is read as there is room."""
        room = threading.Semaphore(concurrency)
        done = []
        some = threading.Condition()

        def run(index, request):
            try:
                outcome = self.wait(self.submit(request))
            except Exception as error:  # Told to whoever iterates.
                outcome = error
            room.release()
            with some:
                done.append((index, outcome))
                some.notify()

        def drain():
            with some:
                ready, done[:] = list(done), []
            return ready

        with ThreadPoolExecutor(max_workers=concurrency) as threads:
            under_way = 0
            for index, request in enumerate(requests):
                room.acquire()
                threads.submit(run, index, request)
                under_way += 1
                for item in drain():
                    under_way -= 1
                    yield _told(item)
            while under_way > 0:
                with some:
                    some.wait_for(lambda: done)
                for item in drain():
                    under_way -= 1
                    yield _told(item)

    # Requests

    def request(self, method, path, body=None, headers=None):
        """Any request of the HTTP API: the `data` of its answer."""
        return self._json(method, path, body, headers or {})

    def _json(self, method, path, body=None, headers=None):
        bytes_ = None if body is None else json.dumps(body).encode()
        more = {"Accept": "application/json", **({} if bytes_ is None else {"Content-Type": "application/json"})}
        answer = self._patiently(lambda: self._exchange(method, path, bytes_, {**more, **(headers or {})}))
        return json.loads(answer)["data"] if answer else None

    def _patiently(self, attempt):
        end = time.monotonic() + self._patience
        tries = 0
        while True:
            try:
                return attempt()
            except InkwireError as error:
                if error.status not in _PASSING or time.monotonic() >= end:
                    raise
                pause = _seconds(error.retry_after, tries)
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() >= end:
                    raise InkwireError("No answer from %s: %s" % (self._host, error)) from error
                pause = _seconds(None, tries)
            time.sleep(min(pause, max(0, end - time.monotonic())))
            tries += 1

    def _exchange(self, method, path, body, headers):
        """One request on the connection of this thread, which is kept."""
        connection = getattr(self._mine, "connection", None) or self._connect()
        self._mine.connection = None
        try:
            connection.request(method, self._base + path, body, self._headers(headers))
            answer = _begun(connection)
            bytes_ = answer.read()
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._mine.connection = connection
        if answer.status >= 400:
            raise _refusal(answer, bytes_)
        return bytes_

    def _connect(self, timeout=60):
        if self._secure:
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _headers(self, more):
        headers = {"User-Agent": "inkwire-python/" + __version__, **more}
        if self._key:
            headers["Authorization"] = "Bearer " + self._key
        return headers

    def _save(self, path, file):
        digest = hashlib.sha256()
        state = {"etag": None, "sha256": None}

        def attempt():
            headers = {} if file.tell() == 0 else {"Range": "bytes=%d-" % file.tell(), "If-Range": state["etag"]}
            connection = self._connect()
            try:
                connection.request("GET", self._base + path, None, self._headers(headers))
                answer = _begun(connection)
                if answer.status >= 400:
                    raise _refusal(answer, answer.read())
                if answer.status != 206:
                    # From the beginning: it is another file by now, or the first try.
                    file.seek(0)
                    file.truncate()
                    digest.__init__()
                    state["etag"] = answer.headers["ETag"]
                    state["sha256"] = _sha256_of(answer.headers["Repr-Digest"])
                while True:
                    chunk = answer.read(1 << 16)
                    if not chunk:
                        break
                    file.write(chunk)
                    digest.update(chunk)
                # A body that was cut short ends here without a word.
                if answer.length:
                    raise http.client.IncompleteRead(b"", answer.length)
            finally:
                connection.close()

        self._patiently(attempt)
        if state["sha256"] is not None and digest.digest() != state["sha256"]:
            raise InkwireError("The result is damaged: its digest is another one")


class Feed:
    """What happens to the jobs of some topics, for as long as it is iterated: facts and progress (`{"type", "job"}` or
    `{"type", "group"}`), `{"type": "snapshot", "jobs", "more"}` where it begins without a cursor, and `{"type": "reset",
    "reason"}` when the place is not known any more: forget what you believe, a snapshot follows.

    `cursor` is the place up to which everything was given: kept by you, it is the `after` of a later feed, which then
    misses nothing, whatever happened to the server or to this program in between.
    """

    def __init__(self, client, path, query, after=None, snapshot=True):
        self.cursor = after
        self._client = client
        self._path = path
        self._query = query
        self._snapshot = snapshot
        self._connection = None
        self._closed = False
        # The server has said that nothing will come any more.
        self._ended = False

    def close(self):
        """Ends the iteration, from any thread."""
        self._closed = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(2)
            except OSError:
                pass

    def __iter__(self):
        tries = 0
        begun = None
        while not self._closed and not self._ended:
            pause = None
            try:
                for name, data in self._stream():
                    tries, begun = 0, None
                    if name == "bye":
                        pause = data["retry_ms"] / 1000
                        break
                    item = self._item(name, data)
                    if item is not None:
                        yield item
                    if self._closed:
                        return
            except InkwireError as error:
                # Asking again helps only with what passes.
                if error.status not in _PASSING and (error.status or 0) < 500:
                    raise
                pause = error.retry_after
            except (OSError, http.client.HTTPException) as error:
                begun = begun or time.monotonic()
                if time.monotonic() - begun > max(self._client._patience, 1) and tries > 3:
                    raise InkwireError("No events from %s: %s" % (self._client._host, error)) from error
            if not self._closed and not self._ended:
                time.sleep(_seconds(pause, tries))
            tries += 1

    def _item(self, name, data):
        """What is given to whoever iterates; the cursor moves on only when it can."""
        if name in ("live", "heartbeat"):
            self.cursor = data["cursor"]
        elif name in ("snapshot", "reset"):
            if name == "reset":
                # Where its snapshot is cut off, it is sent again.
                self.cursor, self._snapshot = None, True
            return {"type": name, **data}
        elif name.startswith(("job.", "group.")):
            if "id" in data:
                self.cursor = data["id"]
            return data
        # Anything else is for others, or something that a later version says (P-60).
        return None

    def _stream(self):
        """(name, data) of each event of one connection; ends with it."""
        query = dict(self._query)
        if self.cursor is None and not self._snapshot:
            query["snapshot"] = "false"
        headers = {"Accept": "text/event-stream"}
        if self.cursor is not None:
            headers["Last-Event-ID"] = self.cursor
        client = self._client
        connection = self._connection = client._connect(_SILENCE)
        try:
            path = "%s%s?%s" % (client._base, self._path, urllib.parse.urlencode(query, doseq=True))
            connection.request("GET", path, None, client._headers(headers))
            answer = _begun(connection)
            if answer.status >= 400:
                raise _refusal(answer, answer.read())
            if answer.status == 204:
                self._ended = True
                return
            name, data = "message", []
            while True:
                line = answer.readline()
                # An event without its empty line was cut off, and is none.
                if not line:
                    return
                text = line.decode("utf-8").rstrip("\r\n")
                if text == "":
                    if data:
                        yield name, json.loads("\n".join(data))
                    name, data = "message", []
                elif text.startswith("event:"):
                    name = text[6:].strip()
                elif text.startswith("data:"):
                    data.append(text[5:].lstrip(" "))
        finally:
            connection.close()
            self._connection = None


def _begun(connection):
    """The answer, with all of its head: what was cut off amid its headers would pass for an empty body."""
    answer = connection.getresponse()
    # An event stream, whose type is told before its end, has no length.
    if answer.length is None and not answer.chunked and answer.headers.get_content_type() != "text/event-stream":
        raise http.client.IncompleteRead(b"")
    return answer


def _id(job):
    return job["job_id"] if isinstance(job, dict) else job


def _job(job_id):
    return "/api/v1/jobs/" + urllib.parse.quote(job_id, safe="")


def _told(item):
    index, outcome = item
    if isinstance(outcome, Exception) and not isinstance(outcome, InkwireError):
        raise outcome
    return index, outcome


def _seconds(asked, tries):
    """What the server asked for, else a random time up to a bound that doubles from half a second to thirty."""
    return asked if asked is not None else random.uniform(0, min(30, 0.5 * 2 ** min(tries, 10)))


def _refusal(answer, bytes_):
    try:
        problem = json.loads(bytes_)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    message = problem.get("detail") or problem.get("title") or "%s %s" % (answer.status, answer.reason)
    places = ["%(pointer)s: %(message)s" % at for at in problem.get("errors", [])]
    after = answer.headers.get("Retry-After", "")
    retry_after = int(after) if after.isdigit() else None
    return InkwireError(" ".join([message, *places[:3]]), answer.status, problem, retry_after=retry_after)


def _sha256_of(header):
    """Of `Repr-Digest` (RFC 9530)."""
    for part in (header or "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "sha-256":
            return base64.b64decode(value.strip(":"))
    return None

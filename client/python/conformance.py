"""The Python client as client/conformance/check.mjs drives it."""

import hashlib
import json
import sys
import threading

from inkwire import Inkwire, InkwireError

inkwire = Inkwire()
feeds = {}
saying = threading.Lock()


def say(number, **told):
    with saying:
        print(json.dumps({"id": number, **told}), flush=True)


def run(number, command):
    do = command["do"]
    try:
        if do == "submit":
            say(number, job=inkwire.submit(command["request"]))
        elif do == "watch":
            for event in inkwire.watch(command["job"]):
                say(number, event=event)
            say(number, end=True)
        elif do == "follow":
            feed = feeds[number] = inkwire.follow(*command["topics"], after=command["after"])
            for event in feed:
                say(number, event=event)
            say(number, end=True, cursor=feed.cursor)
        elif do == "close":
            feeds[command["feed"]].close()
            say(number)
        elif do == "download":
            content = inkwire.download(command["job_id"])
            say(number, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        elif do == "batch":
            for index, outcome in inkwire.batch(command["requests"]):
                if isinstance(outcome, InkwireError):
                    say(number, index=index, error=described(outcome))
                else:
                    say(number, index=index, job=outcome)
            say(number, end=True)
    except InkwireError as error:
        say(number, end=True, error=described(error))


def described(error):
    return {"slug": error.slug, "status": error.status, "message": str(error)}


for line in sys.stdin:
    command = json.loads(line)
    threading.Thread(target=run, args=(command["id"], command), daemon=True).start()

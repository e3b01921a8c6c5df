"""batch.py 500: so many invoices, sixteen at a time, each saved as soon as it is made. Wants inkwire.py beside it."""
import os
import sys

from inkwire import Inkwire, InkwireError

inkwire = Inkwire()  # INKWIRE_URL and INKWIRE_KEY


def invoice(number):
    return {"title": "Invoice %d" % number, "operations": [{"type": "add_text", "text": "Invoice %d" % number}]}


count = int(sys.argv[1])
os.makedirs("invoices", exist_ok=True)
for index, job in inkwire.batch(invoice(number) for number in range(1, count + 1)):
    if isinstance(job, InkwireError):
        print(index + 1, "is refused:", job)
    elif job["status"] == "completed":
        inkwire.download(job, "invoices/%d.pdf" % (index + 1))
    else:
        print(index + 1, job["error"])

# One that is watched.
job = inkwire.submit(invoice(count + 1))
for event in inkwire.watch(job):
    print(event["type"], event["job"].get("progress", 0), "%")

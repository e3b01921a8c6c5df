#!/bin/sh
# poll.sh REQUEST.json RESULT.pdf
set -eu
server=${INKWIRE_URL:-http://127.0.0.1:8080}

call() { curl -sS --fail-with-body --retry 5 -H "Authorization: Bearer ${INKWIRE_KEY:-}" "$@"; }

# The key makes it safe to send again: it is one job, however often it arrives.
answer=$(call "$server/api/v1/jobs" -d "@$1" -H 'Content-Type: application/json' \
  -H "Idempotency-Key: $(sha256sum "$1" | cut -c 1-32)") || { echo "$answer" >&2; exit 1; }
job=$(echo "$answer" | grep -oE 'job_[0-9a-f]{24}' | head -n 1)

# The server holds each request until the job has ended, for 30 seconds at most.
status=pending
while [ "$status" = pending ] || [ "$status" = running ]; do
  answer=$(call "$server/api/v1/jobs/$job" -H 'Prefer: wait=30')
  status=$(echo "$answer" | grep -oE '"status":"[a-z]+"' | cut -d '"' -f 4)
done
echo "$job $status"
[ "$status" = completed ]
call "$server/api/v1/jobs/$job/result" -o "$2"

#!/usr/bin/env bash
# The same with curl: starts a session, watches it until it asks, approves, waits for the end.
#
#     tenuto serve examples/triage.yaml
#     TENUTO_KEY=tnt_… examples/clients/client.sh "My parcel is broken"
set -euo pipefail

api="${TENUTO_URL:-http://127.0.0.1:8080}/api/v1"
text="${1:-My parcel is broken}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The key stands in a file that only curl reads, not among its arguments, which all users see.
printf 'header = "Authorization: Bearer %s"\n' "$TENUTO_KEY" > "$work/auth"
chmod 600 "$work/auth"
ask() { curl --silent --show-error --fail-with-body --config "$work/auth" "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

body="$(python3 -c 'import json, sys; print(json.dumps({"inputs": {"text": sys.argv[1]}}))' "$text")"
session="$(ask --retry 5 --retry-connrefused "$api/workflows/triage/start" \
    -H "Content-Type: application/json" -H "Idempotency-Key: $$-$RANDOM-$(date +%s)" \
    --data "$body" | field id)"
echo "session $session"

# The stream ends with the session; here it is read until the session asks for a decision.
# Last-Event-ID is the last version that was seen: the stream goes on behind it.
ask --no-buffer "$api/sessions/$session/stream" -H "Last-Event-ID: 0" > "$work/stream" &
reader=$!
for _ in $(seq 300); do
    grep -q '"kind":"approval"' "$work/stream" && break
    kill -0 "$reader" 2> /dev/null || break
    sleep 0.1
done
kill "$reader" 2> /dev/null || true
seen="$(sed -n 's/^id: \([0-9]*\)$/\1/p' "$work/stream" | tail -1)"
echo "seen up to event $seen"

for task in $(ask "$api/approvals" | python3 -c '
import json, sys
for one in json.load(sys.stdin)["items"]:
    if one["session"] == sys.argv[1]:
        print(one["task"])' "$session"); do
    ask "$api/approvals/$session/$task/approve" -H "Content-Type: application/json" \
        --data '{"note": "see the photo"}' > /dev/null
    echo "approved task $task"
done

# What follows, until the session has ended.
ask --no-buffer "$api/sessions/$session/stream" -H "Last-Event-ID: ${seen:-0}" |
    sed -n 's/^event: //p' | sort | uniq -c
ask "$api/sessions/$session" | field output

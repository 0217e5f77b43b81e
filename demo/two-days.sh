#!/bin/sh
# Two days with one sandbox: what is new is created, what has changed is updated, the rest stays.
# The commands are those of a real account; only the sandbox takes its place.
#
#   sh demo/two-days.sh [PORT]
set -eu
port=${1:-8701}
mkdir -p output
rm -f output/journal.db* output/rejected-in-step.singer
echo "{\"api_url\": \"http://127.0.0.1:$port/app/dao/\"}" > output/sandbox.json
target() { target-apptivo --config demo/in-step.json --config output/sandbox.json "$@"; }
account() { grep -E ' (read,|settled) |WARNING|ERROR' output/log.txt | sed -E 's/^[^|]*\|[^|]*\|[^|]*\| /   /'; }

target-apptivo-sandbox --port "$port" --key source_id > /dev/null 2>&1 &
sandbox=$!
trap 'kill $sandbox 2> /dev/null' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
    target --check > /dev/null 2>&1 && break
    sleep 1
done

echo "== Make the journal, where it is remembered what each record becomes"
target --journal 2> output/log.txt
echo "== Day one: $(grep -c '"RECORD"' demo/day-one.singer) records"
target --input demo/day-one.singer > output/state.jsonl 2> output/log.txt
account
echo "== Day two, --plan: what would be done (each record in output/plan.jsonl)"
target --input demo/day-two.singer --plan > output/plan.jsonl 2> output/log.txt
tail -n 1 output/plan.jsonl
echo "== Day two: $(grep -c '"RECORD"' demo/day-two.singer) records"
target --input demo/day-two.singer > output/state.jsonl 2> output/log.txt
account
echo 'Each change: output/plan.jsonl. The live page: make sandbox. Next: README, Your first load.'

tail -f /var/log/app/events.log | jq -c 'select(.level == "error")'
tail -n 100 app.log | grep ERROR
grep '"error"' logs/trace.jsonl | head -5
last=$(tail -1 state.log | jq -r .offset)

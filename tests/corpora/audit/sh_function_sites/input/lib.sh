append_event() {
  local file="$1"
  local payload="$2"
  echo "$payload" >> "$file"
}

append_event "state/events.jsonl" '{"kind":"start"}'
append_event "$STATE_DIR/stops.jsonl" '{"kind":"stop"}'

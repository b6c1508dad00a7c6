tmp=$(mktemp)
jq -c 'select(.keep)' store.jsonl > "$tmp"
mv "$tmp" store.jsonl

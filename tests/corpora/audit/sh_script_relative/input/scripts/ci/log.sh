SCRIPT_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$SCRIPT_DIR/../.."
echo "{\"run\": \"$RUN_ID\"}" >> "$ROOT/var/runs.jsonl"

log_metric() {
  jq -nc \
    --arg name "$1" \
    --argjson value "$2" \
    '{name: $name, value: $value}' \
    >> "${METRICS:-/tmp/metrics.jsonl}"
}
log_metric cpu 3

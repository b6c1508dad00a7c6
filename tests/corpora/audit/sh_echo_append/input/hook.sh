#!/bin/bash
LOG_FILE="${LOG_FILE:-logs/hooks.jsonl}"
mkdir -p "$(dirname "$LOG_FILE")"
echo "{\"ts\":\"$(date -u +%FT%TZ)\",\"event\":\"$1\"}" >> "$LOG_FILE"
echo '{"event":"done"}' >> logs/plain.log

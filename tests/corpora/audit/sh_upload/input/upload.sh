curl -sS -X POST --data-binary @batch.ndjson "$ES/_bulk"
curl -sS -o page.jsonl "$URL"
duckdb -c "select count(*) from read_json_auto('facts.jsonl')"

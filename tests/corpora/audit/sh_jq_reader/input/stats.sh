jq -s 'length' data/events.jsonl
jq '.version' package.json
jq -R 'fromjson? | .level' app.log
count=$(wc -l < data/events.jsonl)
jq -s '.' settings.json

echo '{"status":"ok"}'
jq -c . in.json
echo '{"status":"err"}' >&2
printf '{"a":1}\n' > /dev/null
echo "{\"a\":1}" | curl -d @- http://localhost/

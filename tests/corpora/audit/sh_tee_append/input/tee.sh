curl -s "$URL" | jq -c '.items[]' | tee -a items.data
make test 2>&1 | tee -a build.log
jq -c '.[]' x.json | tee fresh.jsonl > /dev/null

for f in reports/*.json; do
  jq -c '{id, score}' "$f" >> all-scores.txt
done
jq . config.json > pretty.json
jq -r '.name' config.json >> names.txt
jq -nc --arg a "$1" '{a: $a}' >> events
jq -n --arg a "$1" '{a: $a}' >> pretty.jsonl

DAY=$(date +%F)
echo "{\"day\":\"$DAY\"}" >> "logs/usage-$DAY.jsonl"
for f in logs/usage-*.jsonl; do
  jq -c .day "$f"
done

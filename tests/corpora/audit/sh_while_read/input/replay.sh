while IFS= read -r line; do
  id=$(echo "$line" | jq -r '.id')
  curl -s -d "$line" "$URL/$id"
done < queue/pending.txt

while read -r name; do
  echo "hello $name"
done < names.txt

cat events.jsonl | while read -r line; do
  echo "$line" | jq .ts
done

echo "{\"a\":1}" >> half.jsonl
if [ -f x; then
  for f in $(ls; do
echo 'unclosed >> nothing.jsonl

# echo '{"a":1}' >> events.jsonl
usage() {
  echo "usage: $0 >> events.jsonl"
  echo 'writes {"a":1} >> events.jsonl'
}
usage
rm -f events.jsonl
[ -f events.jsonl ] && mv events.jsonl events.jsonl.1
test -s old.jsonl && gzip old.jsonl
: > events.jsonl
touch events.jsonl
cp a.jsonl b.jsonl
echo "done" >> run.log 2>&1

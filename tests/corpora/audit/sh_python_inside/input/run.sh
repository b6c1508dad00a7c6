python3 - <<'PY'
import json
with open("from_heredoc.jsonl", "a") as handle:
    handle.write(json.dumps({"a": 1}) + "\n")
PY
python -c "import json; print(json.dumps({'b': 2}))" >> printed.log
python -m json.tool in.json > pretty.json
python3 -c '
import json
for line in open("lines.txt"):
    print(json.loads(line)["id"])
'

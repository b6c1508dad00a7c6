ssh "$HOST" 'echo "{\"up\":1}" >> /srv/up.jsonl'
docker exec app sh -c 'tail -n 5 /data/q.jsonl | jq -c .'
bash -c "echo hello >> x.txt"

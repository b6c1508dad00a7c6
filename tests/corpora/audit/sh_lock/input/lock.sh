(
  flock -x 200
  echo "{\"pid\":$$}" >> shared.jsonl
) 200> shared.lock

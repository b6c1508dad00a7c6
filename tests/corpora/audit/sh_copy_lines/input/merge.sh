cat part1.jsonl part2.jsonl > all.jsonl
sort -u all.jsonl > sorted.jsonl
python export.py > export.jsonl

import { readFile } from 'fs/promises';

export const load = () =>
  readFile('queue/pending.jsonl', 'utf8')
    .then((text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line)));

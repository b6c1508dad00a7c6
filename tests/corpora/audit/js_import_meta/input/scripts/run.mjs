import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../results/bench.jsonl');

for (const result of run()) {
  appendFileSync(out, JSON.stringify(result) + '\n');
}

import { promises as fs } from 'fs';

let chain: Promise<void> = Promise.resolve();

export function enqueue(row: Record<string, unknown>) {
  chain = chain.then(() => fs.appendFile('queued.jsonl', `${JSON.stringify(row)}\n`));
  return chain;
}

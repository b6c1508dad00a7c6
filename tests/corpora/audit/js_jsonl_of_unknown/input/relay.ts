import { appendFileSync, createWriteStream } from 'fs';

export function relay(line: string) {
  appendFileSync('relay/in.jsonl', line + '\n');
}

export const sink = createWriteStream('relay/sink.jsonl', { flags: 'a' });

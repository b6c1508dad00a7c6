import { appendFileSync } from 'fs';

function appendJsonl(file: string, row: unknown): void {
  appendFileSync(file, JSON.stringify(row) + '\n');
}

export function click(e: Click) {
  appendJsonl('events/clicks.jsonl', e);
}

export function view(e: View) {
  appendJsonl('events/views.jsonl', e);
}

import { join } from 'node:path';
import { homedir } from 'node:os';

export const ROOT = join(homedir(), '.tool');
export const EVENTS = join(ROOT, 'events.jsonl');
export function sessionFile(id: string): string {
  return join(ROOT, 'sessions', `${id}.jsonl`);
}

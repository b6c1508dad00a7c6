import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

export function save(sessionId: string, turn: object) {
  const dir = path.join(os.homedir(), '.agent', 'sessions');
  fs.appendFileSync(`${dir}/${sessionId}.jsonl`, `${JSON.stringify(turn)}\n`);
}

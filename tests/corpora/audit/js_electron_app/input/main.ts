import { app } from 'electron';
import path from 'path';
import fs from 'fs';

const dir = path.join(app.getPath('userData'), 'telemetry');
const file = () => path.join(dir, `events-${new Date().toISOString().slice(0, 10)}.jsonl`);

export function track(name: string) {
  fs.appendFileSync(file(), JSON.stringify({ name, at: Date.now() }) + '\n');
}

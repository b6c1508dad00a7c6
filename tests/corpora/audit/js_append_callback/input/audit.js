import { appendFile } from 'node:fs';
import path from 'node:path';

const LOG_DIR = path.join(process.cwd(), 'logs');
const AUDIT = path.join(LOG_DIR, 'audit.log');

export function audit(entry) {
  const line = `${JSON.stringify({ ts: Date.now(), ...entry })}\n`;
  appendFile(AUDIT, line, (err) => {
    if (err) console.error(err);
  });
}

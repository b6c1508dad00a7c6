import { readFileSync, readFile } from 'fs';

export function rows() {
  const raw = readFileSync('data/rows.txt', 'utf-8');
  return raw.split(/\r?\n/).filter((l) => l.length > 0).map((l) => JSON.parse(l) as Row);
}

export function whole() {
  return JSON.parse(readFileSync('data/config.json', 'utf-8'));
}

export function words() {
  return readFileSync('data/words.txt', 'utf-8').split('\n').map((w) => w.trim());
}

export function later(done: (rows: Row[]) => void) {
  readFile('data/later.log', 'utf8', (err, text) => {
    const found: Row[] = [];
    for (const line of text.split('\n')) {
      try { found.push(JSON.parse(line)); } catch { continue; }
    }
    done(found);
  });
}

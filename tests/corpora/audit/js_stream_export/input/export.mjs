import { createWriteStream } from 'fs';

export async function dump(cursor, file = 'out/dump.ndjson') {
  const out = createWriteStream(file);
  for await (const row of cursor) {
    out.write(JSON.stringify(row));
    out.write('\n');
  }
  out.end();
}

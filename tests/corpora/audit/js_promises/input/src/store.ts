import fs from 'node:fs/promises';
import { join } from 'node:path';

export class TraceStore {
  private readonly file: string;

  constructor(private readonly dir: string = 'traces') {
    this.file = join(dir, 'spans.jsonl');
  }

  async add(span: Span): Promise<void> {
    await fs.mkdir(this.dir, { recursive: true });
    await fs.appendFile(this.file, JSON.stringify(span) + '\n', 'utf8');
  }
}

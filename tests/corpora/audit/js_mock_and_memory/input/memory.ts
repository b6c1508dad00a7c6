import { vol } from 'memfs';

export class MemoryLog {
  private rows: string[] = [];

  appendFile(row: object) {
    this.rows.push(JSON.stringify(row) + '\n');
  }

  write(name: string, row: object) {
    this.appendFile({ name, row });
    return this.rows.join('');
  }
}

new MemoryLog().write('events.jsonl', { a: 1 });

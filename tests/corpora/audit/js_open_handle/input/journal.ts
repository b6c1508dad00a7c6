import { open, FileHandle } from 'node:fs/promises';

export class Journal {
  private handle?: FileHandle;

  async start(): Promise<void> {
    this.handle = await open('journal/wal.log', 'a');
  }

  async add(entry: Entry): Promise<void> {
    await this.handle!.appendFile(JSON.stringify(entry) + '\n');
  }
}

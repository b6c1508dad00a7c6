import { appendFile } from "node:fs/promises";

const log = Bun.file("bun/events.jsonl");

export async function all() {
  const text = await Bun.file("bun/events.jsonl").text();
  return text.split("\n").filter(Boolean).map((l) => JSON.parse(l));
}

export async function rewrite(rows: Row[]) {
  await Bun.write("bun/rows.jsonl", rows.map((r) => JSON.stringify(r)).join("\n"));
}

export const add = (row: Row) => appendFile("bun/events.jsonl", `${JSON.stringify(row)}\n`);

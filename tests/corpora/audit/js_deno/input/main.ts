const OUT = "./data/feed.ndjson";

export async function push(item: Item) {
  await Deno.writeTextFile(OUT, JSON.stringify(item) + "\n", { append: true });
}

export async function load(): Promise<Item[]> {
  const text = await Deno.readTextFile(OUT);
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

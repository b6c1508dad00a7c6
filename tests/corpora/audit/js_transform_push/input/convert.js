const fs = require("fs");
const readline = require("readline");
const { Transform } = require("stream");

const input = fs.createReadStream("train.txt");
const output = fs.createWriteStream("samples.out");

const convert = new Transform({
  objectMode: true,
  transform(line, _, done) {
    const row = JSON.parse(line);
    this.push(JSON.stringify({ id: row.id }) + "\n");
    done();
  },
});

readline.createInterface({ input }).on("line", (line) => convert.write(line));
convert.pipe(output);

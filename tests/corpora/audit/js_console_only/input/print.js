const fs = require('fs');

function report(rows) {
  for (const row of rows) {
    console.log(JSON.stringify(row));
    process.stdout.write(JSON.stringify(row) + '\n');
  }
  fs.writeFileSync('done.txt', 'done\n');
}

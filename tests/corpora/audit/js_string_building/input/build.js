const fs = require('fs');

function dump(rows) {
  let text = '';
  for (const row of rows) {
    text += JSON.stringify(row) + '\n';
  }
  fs.writeFileSync('built/rows.txt', text);
}

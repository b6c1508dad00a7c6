const fs = require('fs');

function log(level, message, extra) {
  const line = `[${new Date().toISOString()}] ${level}: ${message} ${JSON.stringify(extra)}\n`;
  fs.appendFileSync('app.log', line);
}

function csv(row) {
  fs.appendFileSync('rows.csv', row.join(',') + '\n');
}

const { createLogger, format, transports } = require('winston');

const line = format.printf(({ level, message, timestamp }) => `${timestamp} ${level}: ${message}`);

module.exports = createLogger({
  format: format.combine(format.timestamp(), line),
  transports: [new transports.File({ filename: 'error.log' })],
});

const winston = require('winston');
require('winston-daily-rotate-file');

const logger = winston.createLogger({
  level: 'info',
  format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
  transports: [
    new winston.transports.File({ filename: 'logs/combined.log' }),
    new winston.transports.Console(),
    new winston.transports.DailyRotateFile({ dirname: 'logs', filename: 'app-%DATE%.log' }),
  ],
});

module.exports = logger;

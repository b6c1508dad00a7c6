-- How many events of all tables there were in each hour of a day (UTC).
-- param day: time = now -- any time of that day
SELECT substr(:day, 1, 11) || hour.column1 || ':00' AS hour,
       {count timestamp >= substr(:day, 1, 11) || hour.column1
              AND timestamp < substr(:day, 1, 11) || hour.column1 || ':~'} AS events
FROM (VALUES ('00'), ('01'), ('02'), ('03'), ('04'), ('05'), ('06'), ('07'), ('08'), ('09'), ('10'), ('11'),
             ('12'), ('13'), ('14'), ('15'), ('16'), ('17'), ('18'), ('19'), ('20'), ('21'), ('22'), ('23')) AS hour

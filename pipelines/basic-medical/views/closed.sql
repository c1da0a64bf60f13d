/*---
title: {zh: 统计截止, en: Closed months}
subject: province
division: province
---*/
-- One row: up to when bills are told tonight, by the calendar and by what has come of all feeds that bring them, and the year of
-- which figures are told: in January that is the year before. It is a view of its own because that of claims, which hangs on no
-- day, is taken over from the night before; `person` says the same of itself, for it may read no view that is built whole.
SELECT code AS province, through, CAST(date_part('year', through) AS BIGINT) AS bill_year
FROM (
  SELECT code,
    least(CAST(date_trunc('month', asof() - CASE WHEN date_part('day', asof()) >= param('month_close_day', code, yr()) THEN INTERVAL '0' MONTH ELSE INTERVAL '1' MONTH END) AS DATE) - INTERVAL '1' DAY, billed_to) AS through
  FROM (SELECT min(code) AS code FROM code_division WHERE level = '1') AS root
  CROSS JOIN (
    SELECT min(period) AS billed_to
    FROM feed_period
    WHERE table_name = 'settlement' AND ended IS NOT TRUE
  ) AS came
) AS months

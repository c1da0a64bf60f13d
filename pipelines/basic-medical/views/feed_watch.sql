/*---
title: {zh: 数据报送, en: Deliveries}
subject: watch
division: division
trace: {delivery_log: [feed, part]}
---*/
-- One row for each feed of the code list `feed_watch`, and one for each county of a feed that comes county by county.
-- A county is expected to deliver a feed when it has done so before, or when the list has monitored households of it
-- that are old enough to have a visit and a measure. A refused delivery is none.
WITH
-- Counties by the names that files bear.
named AS (
  SELECT p.part, min(d.code) AS county_code
  FROM (SELECT DISTINCT part FROM delivery_log WHERE part IS NOT NULL) p
  JOIN code_division d ON d.level = '3' AND (d.label = p.part OR d.code = p.part OR has(d.aliases, p.part))
  GROUP BY p.part
),
came AS (
  SELECT g.feed, g.part, n.county_code, max(g.received) AS received, max(g.period) AS period
  FROM delivery_log g
  LEFT JOIN named n ON n.part = g.part
  WHERE g.verdict = 'accepted'
  GROUP BY g.feed, g.part, n.county_code
),
whole AS (
  SELECT feed, max(received) AS received, max(period) AS period,
    max(CASE WHEN part IS NULL THEN received END) AS all_received, max(CASE WHEN part IS NULL THEN period END) AS all_period
  FROM came
  GROUP BY feed
),
county_came AS (
  SELECT feed, county_code, max(part) AS part, max(received) AS received, max(period) AS period
  FROM came
  WHERE county_code IS NOT NULL
  GROUP BY feed, county_code
),
listed AS (
  SELECT substr(village_code, 1, 6) AS county_code
  FROM poverty_household
  WHERE mon_type IS NOT NULL AND NOT coalesce(risk_cleared, false)
    AND asof() - CAST(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE) > param('measure_days', village_code, yr())
  GROUP BY substr(village_code, 1, 6)
),
expected AS (
  SELECT feed, county_code FROM county_came
  UNION
  SELECT w.code, l.county_code FROM code_feed_watch w CROSS JOIN listed l
),
county_rows AS (
  SELECT w.code AS feed, w.label AS feed_title, w.table_name, CAST(w.days AS BIGINT) AS due_days,
    e.county_code, d.label AS county_name, coalesce(c.part, d.label) AS part,
    -- A delivery of the whole holds every county.
    CASE WHEN t.all_received > c.received OR c.received IS NULL THEN t.all_received ELSE c.received END AS last_received,
    CASE WHEN t.all_received > c.received OR c.received IS NULL THEN t.all_period ELSE c.period END AS last_period
  FROM code_feed_watch w
  JOIN whole t ON t.feed = w.code
  JOIN expected e ON e.feed = w.code
  JOIN code_division d ON d.code = e.county_code AND d.level = '3'
  LEFT JOIN county_came c ON c.feed = w.code AND c.county_code = e.county_code
  WHERE CAST(w.by_county AS BOOLEAN)
),
judged AS (
  SELECT county_rows.*, asof() - last_received AS days_since,
    coalesce(asof() - last_received > due_days, true) AS is_late
  FROM county_rows
),
late AS (
  SELECT feed, count(*) AS counties, count(CASE WHEN is_late THEN 1 END) AS counties_missing,
    array_to_string(array_sort(array_agg(county_name) FILTER (WHERE is_late)), '、') AS missing_names
  FROM judged
  GROUP BY feed
)
SELECT w.code AS watch, w.code AS feed, w.label AS feed_title, w.table_name, false AS is_county,
  CAST(NULL AS VARCHAR) AS county_code, CAST(NULL AS VARCHAR) AS county_name, root.code AS division,
  CAST(w.days AS BIGINT) AS due_days, t.received AS last_received, t.period AS last_period,
  asof() - t.received AS days_since,
  coalesce(asof() - t.received > CAST(w.days AS BIGINT), true) AS is_late,
  coalesce(late.counties, 0) AS counties, coalesce(late.counties_missing, 0) AS counties_missing, late.missing_names,
  -- An anomaly of a county rests on its own deliveries, one of the feed on all.
  CAST(NULL AS VARCHAR) AS part
FROM code_feed_watch w
CROSS JOIN (SELECT min(code) AS code FROM code_division WHERE level = '1') AS root
LEFT JOIN whole t ON t.feed = w.code
LEFT JOIN late ON late.feed = w.code
UNION ALL
SELECT concat(feed, ':', county_code), feed, feed_title, table_name, true,
  county_code, county_name, county_code AS division,
  due_days, last_received, last_period, days_since, is_late,
  CAST(1 AS BIGINT), CAST(CASE WHEN is_late THEN 1 ELSE 0 END AS BIGINT), CASE WHEN is_late THEN county_name END AS missing_names,
  part
FROM judged

/*---
title: {zh: 县级总数核对, en: Totals of a county by source}
subject: county_code
division: county_code
trace: {county_ledger: [county]}
within: {poverty_household: village_code, poverty_member: village_code, health_household: village_code}
---*/
-- One row per county that anybody counts: how many households and persons each source has. Single households are
-- compared in `household`; here only the totals, which show that a township or a whole file is missing.
WITH
feeds AS (
  SELECT min(CASE WHEN table_name = 'poverty_household' THEN period END) AS households_to,
    min(CASE WHEN table_name = 'poverty_member' THEN period END) AS members_to,
    min(CASE WHEN table_name = 'health_household' THEN period END) AS copy_to
  FROM feed_period
  WHERE ended IS NOT TRUE
),
-- Of counties that send their own parts.
told AS (
  SELECT c.county,
    min(CASE WHEN c.table_name = 'poverty_household' THEN c.period END) AS households_to,
    min(CASE WHEN c.table_name = 'poverty_member' THEN c.period END) AS members_to,
    min(CASE WHEN c.table_name = 'health_household' THEN c.period END) AS copy_to
  FROM county_period c
  JOIN feed_period f ON f.feed = c.feed
  WHERE f.ended IS NOT TRUE
  GROUP BY c.county
),
places AS (
  SELECT county_code
  FROM (
    SELECT substr(village_code, 1, 6) AS county_code FROM poverty_member
    UNION ALL SELECT substr(village_code, 1, 6) AS county_code FROM poverty_household
    UNION ALL SELECT substr(village_code, 1, 6) AS county_code FROM health_household
  ) AS everywhere
  GROUP BY county_code
),
-- Two extracts that are not of one day are compared as of the earlier one; nothing where they are.
came AS (
  SELECT county_code,
    nullif(least(households_to, members_to), greatest(households_to, members_to)) AS listed_to,
    nullif(least(households_to, copy_to), greatest(households_to, copy_to)) AS copied_to
  FROM (
    SELECT p.county_code, least(f.households_to, t.households_to) AS households_to, least(f.members_to, t.members_to) AS members_to,
      least(f.copy_to, t.copy_to) AS copy_to
    FROM feeds f
    CROSS JOIN places p
    LEFT JOIN told t ON t.county = p.county_code
  ) AS extracts
),
-- Members who left by 自然减少 stay in the list and are not counted. Nor is who was identified after that day; who was lifted
-- out of poverty was in the list before.
m AS (
  SELECT substr(village_code, 1, 6) AS county_code, count(*) AS member_persons, count(DISTINCT hh_no) AS member_households
  FROM poverty_member
  LEFT JOIN came ON came.county_code = substr(village_code, 1, 6)
  WHERE coalesce(member_change, '') <> '自然减少'
    AND NOT (coalesce(hh_type, '') <> '脱贫户'
      AND coalesce(coalesce(identified_date, CAST(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE)) > listed_to, false))
  GROUP BY substr(village_code, 1, 6)
),
h AS (
  SELECT substr(village_code, 1, 6) AS county_code,
    count(CASE WHEN listed THEN 1 END) AS list_households, sum(CASE WHEN listed THEN hh_size END) AS list_persons,
    count(CASE WHEN listed AND hh_size IS NULL THEN 1 END) AS sizes_missing,
    count(CASE WHEN is_open THEN 1 END) AS open_households
  FROM (
    SELECT village_code, hh_size,
      NOT (coalesce(hh_type, '') <> '脱贫户'
        AND coalesce(coalesce(identified_date, CAST(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE)) > listed_to, false)) AS listed,
      -- The health system knows only the month; its last day counts, here too.
      mon_type IS NOT NULL AND coalesce(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY <= copied_to, true)
        AND (NOT coalesce(risk_cleared, false) OR coalesce(cleared_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY > copied_to, false)) AS is_open
    FROM poverty_household
    LEFT JOIN came ON came.county_code = substr(village_code, 1, 6)
  ) AS households
  GROUP BY substr(village_code, 1, 6)
),
s AS (
  SELECT substr(village_code, 1, 6) AS county_code,
    count(CASE WHEN mon_type IS NOT NULL AND coalesce(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY <= copied_to, true)
      AND (NOT coalesce(risk_cleared, false) OR coalesce(cleared_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY > copied_to, false)) THEN 1 END) AS health_households
  FROM health_household
  LEFT JOIN came ON came.county_code = substr(village_code, 1, 6)
  GROUP BY substr(village_code, 1, 6)
),
-- The newest ledger of each county.
newest AS (
  SELECT county, max(month) AS month
  FROM county_ledger
  WHERE month <= asof()
  GROUP BY county
),
ledger AS (
  SELECT substr(c.county, 1, 6) AS county_code, c.month, c.households AS ledger_households, c.persons AS ledger_persons
  FROM county_ledger c
  JOIN newest n ON n.county = c.county AND n.month = c.month
),
-- What the list held at the end of the ledger's month: who came in later is not in the ledger yet.
then_listed AS (
  SELECT substr(p.village_code, 1, 6) AS county_code, count(*) AS then_persons, count(DISTINCT p.hh_no) AS then_households
  FROM poverty_member p
  JOIN ledger l ON l.county_code = substr(p.village_code, 1, 6)
  WHERE coalesce(p.member_change, '') <> '自然减少'
    AND NOT (coalesce(p.hh_type, '') <> '脱贫户' AND p.identified_ym IS NOT NULL AND p.identified_ym > l.month)
  GROUP BY substr(p.village_code, 1, 6)
),
spine AS (
  SELECT county_code
  FROM (
    SELECT county_code FROM m
    UNION ALL SELECT county_code FROM h
    UNION ALL SELECT county_code FROM s
    UNION ALL SELECT county_code FROM ledger
  ) AS everyone
  WHERE county_code IS NOT NULL
  GROUP BY county_code
),
c AS (
  SELECT spine.county_code, concat(spine.county_code, '000000') AS county,
    m.member_persons, m.member_households, h.list_persons, h.list_households, coalesce(h.sizes_missing, 0) AS sizes_missing, h.open_households, s.health_households,
    ledger.month AS ledger_month, ledger.ledger_households, ledger.ledger_persons,
    then_listed.then_persons, then_listed.then_households,
    param('tol_count', spine.county_code, yr()) AS tol, param('tol_count_min', spine.county_code, yr()) AS tol_min,
    param('tol_sync_count', spine.county_code, yr()) AS tol_sync
  FROM spine
  LEFT JOIN m ON m.county_code = spine.county_code
  LEFT JOIN h ON h.county_code = spine.county_code
  LEFT JOIN s ON s.county_code = spine.county_code
  LEFT JOIN ledger ON ledger.county_code = spine.county_code
  LEFT JOIN then_listed ON then_listed.county_code = spine.county_code
),
-- A difference counts when it is larger than the share and larger than a few. A cell that a ledger leaves empty is no
-- zero: it differs from nothing. Nor are sizes of households: where some are empty,
-- their sum is too small by nobody knows how much; households are counted all the same.
judged AS (
  SELECT c.*,
    abs(coalesce(member_persons, 0) - coalesce(list_persons, 0)) AS gap_persons,
    abs(coalesce(member_households, 0) - coalesce(list_households, 0)) AS gap_households,
    abs(coalesce(open_households, 0) - coalesce(health_households, 0)) AS gap_sync,
    abs(ledger_persons - coalesce(then_persons, 0)) AS gap_ledger_persons,
    abs(ledger_households - coalesce(then_households, 0)) AS gap_ledger_households
  FROM c
)
SELECT judged.*,
  (sizes_missing = 0 OR list_persons > coalesce(member_persons, 0)) AND gap_persons > tol_min AND gap_persons > tol * coalesce(list_persons, 0)
    OR gap_households > tol_min AND gap_households > tol * coalesce(list_households, 0) AS list_differs,
  gap_sync > tol_min AND gap_sync > tol_sync * coalesce(open_households, 0) AS copy_differs,
  coalesce(gap_ledger_persons > tol_min AND gap_ledger_persons > tol * coalesce(then_persons, 0), false)
    OR coalesce(gap_ledger_households > tol_min AND gap_ledger_households > tol * coalesce(then_households, 0), false) AS ledger_differs
FROM judged

/*---
title: {zh: 两部门名单比对, en: Weekly comparison of the two lists}
subject: hh_no
division: division
name: head_name
trace: {poverty_household: [hh_no], health_household: [hh_no]}
---*/
-- One row per household that either list watches: the rural-revitalisation list (rural_*) and the health system's
-- (health_*). A household of the rural list that is not monitored is none of the health system's business, so its row
-- counts as absent.
WITH
-- Up to when both lists are here: what one of them changed since is not told.
came AS (
  SELECT min(period) AS listed_to
  FROM feed_period
  WHERE table_name IN ('poverty_household', 'health_household') AND ended IS NOT TRUE
),
-- And where counties send their own parts of a list, of a county: nothing is told where none ever came.
told AS (
  SELECT c.county, min(coalesce(c.period, DATE '1900-01-01')) AS listed_to
  FROM county_period c
  JOIN feed_period f ON f.feed = c.feed
  WHERE c.table_name IN ('poverty_household', 'health_household') AND f.ended IS NOT TRUE
  GROUP BY c.county
),
both_lists AS (
  SELECT coalesce(r.hh_no, h.hh_no) AS hh_no,
    coalesce(r.village_code, h.village_code) AS division,
    coalesce(r.head_name, h.head_name) AS head_name,
    r.hh_no IS NOT NULL AS in_rural, h.hh_no IS NOT NULL AS in_health,
    r.mon_type AS rural_type, h.mon_type AS health_type,
    array_to_string(array_sort(array_distinct(string_to_array(r.risks, '|'))), '、') AS rural_risks,
    array_to_string(array_sort(array_distinct(string_to_array(h.risks, '|'))), '、') AS health_risks,
    r.hh_no IS NOT NULL AND coalesce(r.risk_cleared, false) AS rural_cleared,
    h.hh_no IS NOT NULL AND coalesce(h.risk_cleared, false) AS health_cleared,
    r.hh_size AS rural_size, h.hh_size AS health_size,
    r.village_code AS rural_village, h.village_code AS health_village,
    -- Where only a month is known, the last day of it counts.
    coalesce(r.identified_date, CAST(r.identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE)) AS rural_since,
    CAST(h.identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE) AS health_since,
    CAST(r.cleared_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE) AS rural_cleared_on,
    CAST(h.cleared_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE) AS health_cleared_on,
    h.synced_on
  FROM (SELECT * FROM poverty_household WHERE mon_type IS NOT NULL) r
  FULL JOIN (SELECT * FROM health_household WHERE mon_type IS NOT NULL) h ON h.hh_no = r.hh_no
),
-- A difference counts when it was older than the term of one exchange when both came last.
aged AS (
  SELECT both_lists.*,
    coalesce(least(asof(), came.listed_to, told.listed_to) - rural_since > param('sync_days', division, yr()), true) AS rural_settled,
    coalesce(least(asof(), came.listed_to, told.listed_to) - health_since > param('sync_days', division, yr()), true) AS health_settled,
    coalesce(least(asof(), came.listed_to, told.listed_to) - CASE WHEN rural_cleared THEN rural_cleared_on ELSE health_cleared_on END
      > param('sync_days', division, yr()), true) AS cleared_settled
  FROM came
  CROSS JOIN both_lists
  LEFT JOIN told ON told.county = substr(both_lists.division, 1, 6)
)
SELECT aged.*,
  in_rural AND in_health AS in_both,
  in_rural AND NOT in_health AND NOT rural_cleared AND rural_settled AS only_rural,
  in_health AND NOT in_rural AND NOT health_cleared AND health_settled AS only_health,
  in_rural AND in_health AND (rural_type IS DISTINCT FROM health_type) AND rural_settled AND health_settled AS type_differs,
  in_rural AND in_health AND rural_risks IS DISTINCT FROM health_risks AS risk_differs,
  in_rural AND in_health AND rural_cleared <> health_cleared AND cleared_settled AS cleared_differs,
  coalesce(in_rural AND in_health AND rural_size <> health_size, false) AS size_differs,
  coalesce(in_rural AND in_health AND rural_village <> health_village, false) AS division_differs
FROM aged

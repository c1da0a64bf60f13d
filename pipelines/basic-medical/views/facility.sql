/*---
title: {zh: 医疗卫生机构, en: Facility}
subject: org_code
division: division
trace: {institution: [org_code], telemed_link: [org_code], pairing: [org_code], dispatch: [org_code]}
---*/
-- One row per institution with its telemedicine and its pairing on the night's date.
WITH
-- Up to when postings are told: one that ended after it may have been followed by the next.
came AS (
  SELECT min(period) AS posted_to
  FROM feed_period
  WHERE table_name = 'dispatch' AND ended IS NOT TRUE
),
remote AS (
  SELECT org_code, count(*) AS links,
    count(CASE WHEN coalesce(active, true) AND (opened_on IS NULL OR opened_on <= asof()) AND (closed_on IS NULL OR closed_on > asof()) THEN 1 END) AS active_links,
    max(CASE WHEN closed_on <= asof() THEN closed_on END) AS last_link_closed_on,
    min(CASE WHEN coalesce(active, true) AND (closed_on IS NULL OR closed_on > asof()) THEN opened_on END) AS first_link_on
  FROM telemed_link
  GROUP BY org_code
),
used AS (
  SELECT org_code, max(session_date) AS last_session_on, sum(coalesce(patients, 1)) AS session_patients
  FROM telemed_session
  WHERE session_date <= asof()
  GROUP BY org_code
),
-- Two agreements with one hospital are one and its renewal: the larger number of staff is due, not both. A new agreement has the
-- tolerated gap to send its staff, also beside an older one.
paired AS (
  SELECT org_code, sum(agreements) AS pairings, min(paired_since) AS paired_since, min(upper_org_name) AS upper_org_name,
    sum(staff_due) AS staff_due
  FROM (
    SELECT p.org_code, min(p.upper_org_name) AS upper_org_name, count(*) AS agreements, min(p.start_date) AS paired_since,
      coalesce(max(CASE WHEN least(asof(), posted_to) - p.start_date > param('dispatch_gap_days', i.division, yr())
        THEN coalesce(CAST(p.min_staff AS DECIMAL(16, 4)), param('dispatch_min', i.division, yr())) END), 0) AS staff_due
    FROM came
    CROSS JOIN pairing p
    JOIN institution i ON i.org_code = p.org_code
    WHERE p.start_date <= asof() AND (p.end_date IS NULL OR p.end_date >= asof())
    GROUP BY p.org_code, coalesce(p.upper_org_code, p.upper_org_name)
  ) AS uppers
  GROUP BY org_code
),
-- in post today, and in post on any day of the tolerated gap (so a rotation of some weeks is no interruption)
posted AS (
  SELECT d.org_code,
    count(CASE WHEN d.end_date IS NULL OR d.end_date >= asof() THEN 1 END) AS in_post,
    count(CASE WHEN d.end_date IS NULL OR least(asof(), posted_to) - d.end_date <= param('dispatch_gap_days', i.division, yr()) THEN 1 END) AS in_post_lately,
    max(CASE WHEN d.end_date < asof() THEN d.end_date END) AS last_left_on,
    count(CASE WHEN d.end_date < asof() AND months_between(d.start_date, d.end_date + INTERVAL '1' DAY) < param('dispatch_months', i.division, yr()) THEN 1 END) AS short_postings
  FROM came
  CROSS JOIN dispatch d
  JOIN institution i ON i.org_code = d.org_code
  WHERE d.start_date <= asof()
  GROUP BY d.org_code
)
SELECT
  i.org_code, i.division, substr(i.division, 1, 6) AS county_code,
  i.name AS org_name, i.kind, k.level AS org_level, i.grade, CAST(g.rank AS BIGINT) AS grade_rank,
  coalesce(i.is_public, false) AS is_public,
  coalesce(i.insured_point, false) AS insured_point,
  coalesce(i.status, '1') = '1' AND (i.open_date IS NULL OR i.open_date <= asof()) AND (i.close_date IS NULL OR i.close_date > asof()) AS is_open,
  coalesce(CAST(c.poverty832 AS BOOLEAN), false) AS poverty832,
  coalesce(l.links, 0) AS links, coalesce(l.active_links, 0) AS active_links, l.first_link_on, l.last_link_closed_on,
  u.last_session_on, coalesce(u.session_patients, 0) AS session_patients,
  coalesce(p.pairings, 0) AS pairings, p.paired_since, least(asof(), came.posted_to) - p.paired_since AS paired_days, p.upper_org_name, p.staff_due,
  coalesce(d.in_post, 0) AS in_post, coalesce(d.in_post_lately, 0) AS in_post_lately, d.last_left_on, coalesce(d.short_postings, 0) AS short_postings
FROM came
CROSS JOIN institution i
LEFT JOIN code_org_kind k ON k.code = i.kind
LEFT JOIN code_org_grade g ON g.code = i.grade
LEFT JOIN code_division c ON c.code = substr(i.division, 1, 6)
LEFT JOIN remote l ON l.org_code = i.org_code
LEFT JOIN used u ON u.org_code = i.org_code
LEFT JOIN paired p ON p.org_code = i.org_code
LEFT JOIN posted d ON d.org_code = i.org_code

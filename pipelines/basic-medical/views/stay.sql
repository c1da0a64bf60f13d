/*---
title: {zh: 住院, en: Stay}
subject: stay_id
division: division
name: name
trace: {inpatient: [person_key], settlement: [person_key], institution: [org_code]}
---*/
-- One row per front page. A record number may return with a later stay, so the admission date is part of the subject.
WITH
-- Who left the list lives where the register says.
listed AS (
  SELECT person_key, max(CASE WHEN coalesce(member_change, '') <> '自然减少' THEN village_code END) AS village_code, max(village_code) AS left_village
  FROM poverty_member
  GROUP BY person_key
),
-- Who moved within the province stands in the register of the old place too, as moved away.
register AS (
  SELECT person_key, coalesce(max(CASE WHEN coalesce(pop_status <> '迁出', true) THEN village_code END), max(village_code)) AS village_code
  FROM resident
  GROUP BY person_key
),
page AS (
  SELECT
    i.person_key,
    concat(i.org_code, '-', i.mr_no, '-', to_char(i.admit_date, '%Y%m%d')) AS stay_id,
    coalesce(l.village_code, r.village_code, l.left_village, i.village_code, h.division) AS division,
    i.name, i.link, coalesce(i.link, 'id') NOT IN ('clash', 'unlinked') AS linked,
    i.org_code, coalesce(h.name, i.org_name) AS org_name, h.kind AS org_kind, h.division AS org_division,
    i.mr_no, i.stay_times, i.admit_date, i.discharge_date, i.discharge_date - i.admit_date AS days,
    i.sex, i.birth_date, i.dx_main, i.dx_others, i.leave_way, i.total_fee, i.self_fee, i.pay_way, i.deposit,
    coalesce(i.discharge_date >= i.admit_date AND i.discharge_date <= asof(), false) AS dates_ok,
    -- a newborn's page that may have been written on the mother's card
    coalesce(has_prefix('icd_newborn_exempt', i.dx_main), false)
      OR coalesce(i.admit_date - i.birth_date BETWEEN 0
        AND param('newborn_card_days', coalesce(l.village_code, r.village_code, l.left_village, i.village_code, h.division), yr()), false) AS newborn
  FROM inpatient i
  LEFT JOIN listed l ON l.person_key = i.person_key
  LEFT JOIN register r ON r.person_key = i.person_key
  LEFT JOIN institution h ON h.org_code = i.org_code
),
billed AS (
  SELECT
    person_key, stay_id,
    count(*) AS claims, sum(total_fee - coalesce(back_fee, 0)) AS claim_total, sum(fund_pay - coalesce(back_fund, 0)) AS claim_fund_pay,
    sum(person_pay - coalesce(back_person, 0)) AS claim_person_pay,
    min(admit_date) AS claim_from, max(out_date) AS claim_to, max(setl_date) AS claim_last,
    bool_or(newborn_dx) AS claim_newborn,
    count(*) = count(total_fee) AS claim_complete
  FROM claim
  WHERE live AND NOT is_supplement AND stay_id IS NOT NULL
  GROUP BY person_key, stay_id
),
often AS (
  SELECT person_key FROM inpatient GROUP BY person_key HAVING count(*) > 1
),
-- the latest discharge of the stays that began before this one; date first, so that the greatest text is the latest stay.
-- Windows are dear: who was in hospital once needs none
seen AS (
  SELECT
    p.*,
    max(CASE WHEN dates_ok AND NOT newborn THEN discharge_date END) OVER (
      PARTITION BY p.person_key ORDER BY admit_date, stay_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS prev_out,
    max(CASE WHEN dates_ok AND NOT newborn THEN concat(to_char(discharge_date, '%Y%m%d'), '|', stay_id, '|', org_name) END) OVER (
      PARTITION BY p.person_key ORDER BY admit_date, stay_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS prev
  FROM page p
  JOIN often f ON f.person_key = p.person_key
  UNION ALL
  SELECT p.*, CAST(NULL AS DATE) AS prev_out, CAST(NULL AS VARCHAR) AS prev
  FROM page p
  LEFT JOIN often f ON f.person_key = p.person_key
  WHERE f.person_key IS NULL
)
SELECT
  s.person_key, s.stay_id, s.division, s.name, s.link, s.linked,
  s.org_code, s.org_name, s.org_kind, s.org_division, s.mr_no, s.stay_times,
  s.admit_date, s.discharge_date, s.days, s.dates_ok, s.newborn,
  s.sex, s.birth_date, s.dx_main, CASE WHEN has_prefix('icd_sensitive', s.dx_main) THEN '敏感病种' ELSE s.dx_main END AS dx_shown, s.dx_others, s.leave_way,
  s.total_fee, s.self_fee, s.pay_way, s.deposit,
  s.prev_out, split_part(s.prev, '|', 2) AS prev_stay_id, split_part(s.prev, '|', 3) AS prev_org_name,
  coalesce(b.claims, 0) AS claims, b.claim_total, b.claim_fund_pay, b.claim_person_pay, b.claim_from, b.claim_to, b.claim_last,
  coalesce(b.claim_newborn, false) AS claim_newborn, coalesce(b.claim_complete, false) AS claim_complete,
  b.claim_total - s.total_fee AS diff_fee
FROM seen s
LEFT JOIN billed b ON b.person_key = s.person_key AND b.stay_id = s.stay_id

/*---
title: {zh: 冲销与补报, en: Amended bill}
subject: setl_id
division: division
---*/
-- One row per bill that others change: that refunds take back, whole or in part, or that by hand tops up what was settled on
-- line. Such bills are few, so what is dear is asked of them here once, for the views of persons and of claims.
WITH
-- A bill below zero is a refund, said or not. Refunds of one visit with one fee take back one bill each: `nth`.
refund AS (
  SELECT person_key, setl_id, orig_setl_id, mdtrt_id, setl_date,
    abs(total_fee) AS total_fee, abs(fund_pay) AS fund_pay, abs(person_pay) AS person_pay, abs(in_scope) AS in_scope, abs(assist_pay) AS assist_pay,
    abs(in_scope - coalesce(basic_pay, 0) - coalesce(critical_pay, 0) - coalesce(civil_pay, 0) - coalesce(company_pay, 0) - coalesce(large_pay, 0)
      - coalesce(other_pay, 0)) AS remainder,
    row_number() OVER (PARTITION BY person_key, orig_setl_id, mdtrt_id, abs(total_fee) ORDER BY setl_date, setl_id) AS nth
  FROM settlement
  WHERE refund OR total_fee < 0
),
-- A refund takes back the bill that it names; else a bill of its visit with its fee, the first one first, else a part of the first
-- one with more; one that names no visit either a bill with its fee of those that name none.
candidate AS (
  SELECT r.person_key, r.orig_setl_id, r.nth, r.total_fee, r.fund_pay, r.person_pay, r.in_scope, r.assist_pay, r.remainder, b.setl_id, b.insured_div,
    r.orig_setl_id IS NOT NULL OR b.total_fee = r.total_fee AS whole,
    row_number() OVER (PARTITION BY r.person_key, r.setl_id
      ORDER BY CASE WHEN b.total_fee = r.total_fee THEN 0 ELSE 1 END, b.setl_date, b.setl_id) AS place,
    sum(CASE WHEN b.total_fee = r.total_fee THEN 1 ELSE 0 END) OVER (PARTITION BY r.person_key, r.setl_id) AS alike
  FROM refund r
  JOIN settlement b ON b.person_key = r.person_key
  WHERE NOT coalesce(b.refund OR b.total_fee < 0, false)
    AND CASE WHEN r.orig_setl_id IS NOT NULL THEN b.setl_id = r.orig_setl_id
      ELSE coalesce(b.mdtrt_id, '') = coalesce(r.mdtrt_id, '') AND b.setl_date <= r.setl_date
        AND (b.total_fee = r.total_fee OR (r.mdtrt_id IS NOT NULL AND b.total_fee > r.total_fee)) END
),
back AS (
  SELECT person_key, setl_id, max(insured_div) AS insured_div,
    CAST(sum(total_fee) AS DECIMAL(16, 2)) AS back_fee, CAST(sum(fund_pay) AS DECIMAL(16, 2)) AS back_fund,
    CAST(sum(person_pay) AS DECIMAL(16, 2)) AS back_person, CAST(sum(in_scope) AS DECIMAL(16, 2)) AS back_scope,
    CAST(sum(assist_pay) AS DECIMAL(16, 2)) AS back_assist, CAST(sum(remainder) AS DECIMAL(16, 2)) AS back_remainder, bool_or(whole) AS is_back
  FROM candidate
  WHERE place = CASE WHEN orig_setl_id IS NOT NULL THEN 1 ELSE least(nth, alike + 1) END
  GROUP BY person_key, setl_id
),
-- Bills by hand that top up a visit settled on line: some repeat its fee, some have none. They count when it does. Few bills
-- are by hand, so these come first.
topped AS (
  SELECT h.person_key, h.setl_id, max(h.insured_div) AS insured_div, min(o.setl_date) AS topped_on,
    min(coalesce(o.admit_date, o.setl_date)) AS topped_from, max(coalesce(o.discharge_date, o.setl_date)) AS topped_to
  FROM settlement h
  JOIN settlement o ON o.person_key = h.person_key AND o.mdtrt_id = h.mdtrt_id
  LEFT JOIN back t ON t.person_key = o.person_key AND t.setl_id = o.setl_id
  WHERE h.settle_way = '2' AND coalesce(o.settle_way, '1') <> '2' AND NOT coalesce(o.refund OR o.total_fee < 0, false)
    AND coalesce(t.back_fee < o.total_fee, t.setl_id IS NULL)
  GROUP BY h.person_key, h.setl_id
)
SELECT person_key, setl_id, max(insured_div) AS division,
  -- What refunds take back of it, also of what is in scope, of what assistance paid and of what other funds leave to it. None of it without a
  -- refund. `is_back`: they mean the bill; of one whose fee is more than what they take back a part is left all the same.
  max(back_fee) AS back_fee, max(back_fund) AS back_fund, max(back_person) AS back_person, max(back_scope) AS back_scope,
  max(back_assist) AS back_assist, max(back_remainder) AS back_remainder, bool_or(is_back) AS is_back,
  -- When what it tops up was settled, and from when until when its care went.
  coalesce(bool_or(tops_up), false) AS tops_up, max(topped_on) AS topped_on, max(topped_from) AS topped_from, max(topped_to) AS topped_to
FROM (
  SELECT person_key, setl_id, insured_div, back_fee, back_fund, back_person, back_scope, back_assist, back_remainder, is_back, false AS tops_up,
    CAST(NULL AS DATE) AS topped_on, CAST(NULL AS DATE) AS topped_from, CAST(NULL AS DATE) AS topped_to
  FROM back
  UNION ALL
  SELECT person_key, setl_id, insured_div, CAST(NULL AS DECIMAL(16, 2)) AS back_fee, CAST(NULL AS DECIMAL(16, 2)) AS back_fund,
    CAST(NULL AS DECIMAL(16, 2)) AS back_person, CAST(NULL AS DECIMAL(16, 2)) AS back_scope, CAST(NULL AS DECIMAL(16, 2)) AS back_assist, CAST(NULL AS DECIMAL(16, 2)) AS back_remainder,
    CAST(NULL AS BOOLEAN) AS is_back, true AS tops_up, topped_on, topped_from, topped_to
  FROM topped
) AS changed
GROUP BY person_key, setl_id

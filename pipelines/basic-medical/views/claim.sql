/*---
title: {zh: 结算, en: Claim}
subject: setl_id
division: division
name: name
trace: {settlement: [setl_id], inpatient: [person_key, org_code, mr_no], death: [person_key], special_group: [person_key], poverty_member: [person_key], institution: [org_code]}
---*/
-- One row per settlement, refunds included (`live` = neither a refund nor taken back; `back_*` = what refunds took back of it).
-- Everything is joined on the person first; what is dear is done on `care`, the inpatient and chronic bills, a small part of all.
WITH
-- insurance code of a provider -> the institution; several health codes may share one insurance code (医共体). Where these are of
-- several kinds, `kinds` has the kind of each name
org AS (
  SELECT fixmedins_code, min(org_code) AS org_code, min(name) AS org_name, count(*) = 1 AS alone,
    CASE WHEN min(kind) = max(kind) THEN min(kind) END AS org_kind,
    CASE WHEN min(kind) <> max(kind) THEN concat(chr(30), array_to_string(array_sort(array_agg(concat(name, chr(31), kind))), chr(30)), chr(30)) END AS kinds,
    min(division) AS org_division
  FROM institution
  WHERE fixmedins_code IS NOT NULL
  GROUP BY fixmedins_code
),
-- residence: max() prefers a village to a county padded with zeros; who left the list lives where the register says. The national export has only months: a household is
-- entitled from the end of its month of identification until the first day of its month of clearing
listed AS (
  SELECT
    person_key,
    max(CASE WHEN coalesce(member_change, '') <> '自然减少' THEN village_code END) AS village_code, max(village_code) AS left_village,
    bool_or(coalesce(member_change, '') <> '自然减少' AND hh_type = '脱贫户') AS lifted,
    min(CASE WHEN coalesce(member_change, '') <> '自然减少' AND mon_type IS NOT NULL
      THEN coalesce(identified_date, CAST(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE)) END) AS monitored_from,
    max(CASE WHEN coalesce(member_change, '') <> '自然减少' AND mon_type IS NOT NULL
      THEN CASE WHEN coalesce(risk_cleared, false) THEN cleared_ym ELSE DATE '9999-12-31' END END) AS monitored_until
  FROM poverty_member
  GROUP BY person_key
),
-- who moved within the province stands in the register of the old place too, as moved away
register AS (
  SELECT person_key, coalesce(max(CASE WHEN coalesce(pop_status <> '迁出', true) THEN village_code END), max(village_code)) AS village_code, max(death_date) AS death_date
  FROM resident
  GROUP BY person_key
),
-- several death records: the latest date accuses least
dead AS (
  SELECT person_key, max(death_date) AS death_date FROM death GROUP BY person_key
),
-- up to when front pages, and groups, are here, of all feeds that bring them: a month that did not come is no month without stays
came AS (
  SELECT min(CASE WHEN table_name = 'inpatient' THEN period END) AS paged_to,
    min(CASE WHEN table_name = 'special_group' THEN period END) AS grouped_to
  FROM feed_period
  WHERE ended IS NOT TRUE
),
bill AS (
  SELECT *, coalesce(refund OR total_fee < 0, false) AS back, coalesce(basic_pay, 0) + coalesce(critical_pay, 0) + coalesce(assist_pay, 0) + coalesce(civil_pay, 0)
    + coalesce(company_pay, 0) + coalesce(large_pay, 0) + coalesce(other_pay, 0) AS known_pay
  FROM settlement
),
care AS (
  SELECT
    s.person_key, s.setl_id, coalesce(s.mdtrt_id, s.setl_id) AS visit_id, s.org_code, s.insured_div,
    s.admit_date, coalesce(s.discharge_date, s.setl_date) AS out_date, s.setl_date,
    coalesce(CAST(date_part('year', s.setl_date) AS BIGINT), yr()) AS setl_year,
    NOT s.back AND coalesce(a.back_fee < s.total_fee, a.is_back IS NOT TRUE) AS live,
    in_list('med_inpatient', s.med_type) AS is_inpatient,
    in_list('med_assist', s.med_type) AS is_assist_type,
    s.assist_pay - coalesce(a.back_assist, 0) AS assist_pay,
    -- what is left before assistance pays
    s.in_scope - (s.known_pay - coalesce(s.assist_pay, 0)) - coalesce(a.back_remainder, 0) AS remainder
  FROM bill s
  LEFT JOIN amended a ON a.person_key = s.person_key AND a.setl_id = s.setl_id
  WHERE in_list('med_inpatient', s.med_type) OR in_list('med_assist', s.med_type)
),
-- the front page of an inpatient bill: same person, same hospital, admitted within the tolerance, or the bill lies inside the stay (interim bills)
page AS (
  SELECT person_key, setl_id, page_org_code, mr_no, page_admit_date, page_discharge_date, page_total_fee
  FROM (
    SELECT
      c.person_key, c.setl_id, i.org_code AS page_org_code, i.mr_no, i.admit_date AS page_admit_date,
      i.discharge_date AS page_discharge_date, i.total_fee AS page_total_fee,
      row_number() OVER (
        PARTITION BY c.person_key, c.setl_id
        ORDER BY CASE WHEN i.admit_date > c.admit_date THEN i.admit_date - c.admit_date ELSE c.admit_date - i.admit_date END,
          CASE WHEN i.discharge_date > c.out_date THEN i.discharge_date - c.out_date ELSE c.out_date - i.discharge_date END NULLS LAST,
          i.org_code, i.mr_no, i.admit_date
      ) AS nth
    FROM care c
    JOIN inpatient i ON i.person_key = c.person_key
    JOIN institution h ON h.org_code = i.org_code AND h.fixmedins_code = c.org_code
    WHERE c.is_inpatient
      AND i.admit_date - c.admit_date <= param('tol_days', c.insured_div, c.setl_year)
      AND (c.admit_date - i.admit_date <= param('tol_days', c.insured_div, c.setl_year)
        OR i.discharge_date IS NULL
        OR c.out_date - i.discharge_date <= param('tol_days', c.insured_div, c.setl_year))
  ) AS ranked
  WHERE nth = 1
),
-- identities that were valid through the whole visit: from their first day (less the days that a local rule dates back) to the discharge
-- of several the one that began first is named, with its own day. Groups may have ended after the day up to which they are told
grp AS (
  SELECT person_key, setl_id, split_part(earliest, '|', 2) AS assist_group, CAST(split_part(earliest, '|', 1) AS DATE) AS assist_since
  FROM (
    SELECT c.person_key, c.setl_id, min(concat(CAST(g.start_date AS VARCHAR), '|', g.group_code)) AS earliest
    FROM came
    CROSS JOIN care c
    JOIN special_group g ON g.person_key = c.person_key
    WHERE in_list('assist_groups', g.group_code)
      AND g.start_date - c.admit_date <= param('identity_backdate_days', c.insured_div, c.setl_year)
      AND (g.end_date IS NULL OR g.end_date >= c.out_date)
      AND coalesce(c.out_date <= came.grouped_to, true)
    GROUP BY c.person_key, c.setl_id
  ) AS valid
),
-- what assistance has paid for a visit
visit AS (
  SELECT person_key, visit_id, sum(assist_pay) AS visit_assist_pay
  FROM care
  WHERE live
  GROUP BY person_key, visit_id
),
entitled AS (
  SELECT person_key FROM special_group WHERE in_list('assist_groups', group_code) GROUP BY person_key
),
-- deductible and cap are annual: what the bills of the year have brought, up to and with this one. Windows are dear, and
-- only persons who may be assisted need them
annual AS (
  SELECT
    person_key, setl_id, visit_id, assist_group, assist_since, assist_base,
    sum(assist_base) OVER (
      PARTITION BY person_key, setl_year ORDER BY setl_date, setl_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS year_assist_base,
    sum(assist_pay) OVER (
      PARTITION BY person_key, setl_year ORDER BY setl_date, setl_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS year_assist_pay
  FROM (
    SELECT
      c.person_key, c.setl_id, c.visit_id, c.setl_year, c.setl_date, g.assist_group, g.assist_since,
      CASE WHEN c.live AND c.is_assist_type AND g.assist_group IS NOT NULL THEN greatest(c.remainder, 0) END AS assist_base,
      CASE WHEN c.live THEN c.assist_pay END AS assist_pay
    FROM care c
    JOIN entitled e ON e.person_key = c.person_key
    LEFT JOIN grp g ON g.person_key = c.person_key AND g.setl_id = c.setl_id
  ) AS due
),
-- a male diagnosis of a person who lately had a bill for pregnancy or birth: her newborn son may use her card
mother AS (
  SELECT s.person_key, s.setl_id, max(b.admit_date) AS maternity_on
  FROM settlement s
  JOIN settlement b ON b.person_key = s.person_key
  WHERE has_prefix('icd_male', s.dx_main) AND starts_with(b.dx_main, 'O') AND b.admit_date <= s.admit_date
  GROUP BY s.person_key, s.setl_id
)
SELECT
  s.person_key, s.setl_id,
  coalesce(l.village_code, r.village_code, l.left_village, o.org_division, s.insured_div) AS division,
  s.name, s.link,
  coalesce(s.link, 'id') NOT IN ('clash', 'unlinked') AS linked,
  NOT s.back AND coalesce(c.back_fee < s.total_fee, c.is_back IS NOT TRUE) AS live,
  coalesce(s.mdtrt_id, s.setl_id) AS visit_id,
  s.insutype, s.med_type,
  coalesce(in_list('med_inpatient', s.med_type), false) AS is_inpatient,
  coalesce(in_list('med_assist', s.med_type), false) AS is_assist_type,
  coalesce(s.pay_loc, '1') AS pay_loc,
  coalesce(s.settle_way, '1') AS settle_way,
  s.sp_psn_type, s.insured_div,
  s.org_code AS fixmedins_code,
  coalesce(p.page_org_code, o.org_code) AS org_code,
  -- of several under one code the bill says which
  coalesce(CASE WHEN o.alone THEN o.org_name END, s.org_name, o.org_name) AS org_name,
  CASE WHEN o.kinds IS NULL THEN o.org_kind
    ELSE nullif(split_part(split_part(o.kinds, concat(chr(30), s.org_name, chr(31)), 2), chr(30), 1), '') END AS org_kind,
  o.org_division,
  s.admit_date, s.discharge_date, coalesce(s.discharge_date, s.setl_date) AS out_date, s.setl_date,
  coalesce(CAST(date_part('year', s.setl_date) AS BIGINT), yr()) AS setl_year,
  -- sex by the ID; a typed sex that contradicts it gives null (that is ID09, not the hospital's fault)
  CASE
    WHEN s.id_no IS NULL THEN CASE WHEN s.sex IN ('1', '2') THEN s.sex END
    WHEN substr(s.id_no, 17, 1) IN ('1', '3', '5', '7', '9') THEN CASE WHEN coalesce(s.sex, '0') <> '2' THEN '1' END
    ELSE CASE WHEN coalesce(s.sex, '0') <> '1' THEN '2' END
  END AS sex,
  s.birth_date,
  CASE WHEN d.death_date IS NULL OR r.death_date > d.death_date THEN r.death_date ELSE d.death_date END AS death_date,
  s.dx_main, s.proc,
  CASE WHEN has_prefix('icd_sensitive', s.dx_main) THEN '敏感病种' ELSE s.dx_main END AS dx_shown,
  coalesce(has_prefix('icd_newborn_exempt', s.dx_main), false) AS newborn_dx,
  m.maternity_on,
  s.total_fee, s.own_expense, s.over_limit, s.pre_selfpay, s.in_scope, s.deductible,
  s.basic_pay, s.critical_pay, s.assist_pay, s.other_pay, s.fund_pay, s.person_pay,
  c.back_fee, c.back_fund, c.back_person, c.back_scope,
  s.total_fee - s.fund_pay - s.person_pay AS diff_total,
  -- where the funds that employees have besides are not told, the fund may be more than its parts, not less
  CASE WHEN coalesce(s.insutype, '390') = '390' OR s.civil_pay IS NOT NULL OR s.company_pay IS NOT NULL OR s.large_pay IS NOT NULL OR s.fund_pay < s.known_pay
    THEN s.fund_pay - s.known_pay END AS diff_fund,
  s.in_scope - (s.total_fee - coalesce(s.own_expense, 0) - coalesce(s.over_limit, 0) - coalesce(s.pre_selfpay, 0)) AS diff_scope,
  -- a bill by hand that tops up a visit already settled on line
  coalesce(c.tops_up, false) AS is_supplement,
  v.visit_assist_pay,
  a.assist_group, a.assist_since,
  coalesce(l.lifted, false) AS is_lifted,
  -- asked of the few only who were monitored at any time
  CASE WHEN l.monitored_from IS NOT NULL THEN coalesce(l.monitored_from - s.admit_date <= param('identity_backdate_days', s.insured_div, coalesce(CAST(date_part('year', s.setl_date) AS BIGINT), yr()))
    AND l.monitored_until > coalesce(s.discharge_date, s.setl_date), false) ELSE false END AS is_monitored,
  CASE
    WHEN a.assist_group IS NOT NULL THEN a.assist_group
    WHEN CASE WHEN l.monitored_from IS NOT NULL THEN coalesce(l.monitored_from - s.admit_date <= param('identity_backdate_days', s.insured_div, coalesce(CAST(date_part('year', s.setl_date) AS BIGINT), yr()))
      AND l.monitored_until > coalesce(s.discharge_date, s.setl_date), false) ELSE false END THEN '监测对象'
    WHEN l.lifted THEN '脱贫人口'
  END AS target_kind,
  a.assist_base, a.year_assist_base, a.year_assist_pay,
  CASE WHEN p.page_org_code IS NOT NULL
    THEN concat(p.page_org_code, '-', p.mr_no, '-', to_char(p.page_admit_date, '%Y%m%d')) END AS stay_id,
  p.mr_no, p.page_admit_date, p.page_discharge_date, p.page_total_fee,
  came.paged_to
FROM came
CROSS JOIN bill s
LEFT JOIN amended c ON c.person_key = s.person_key AND c.setl_id = s.setl_id
LEFT JOIN listed l ON l.person_key = s.person_key
LEFT JOIN register r ON r.person_key = s.person_key
LEFT JOIN dead d ON d.person_key = s.person_key
LEFT JOIN org o ON o.fixmedins_code = s.org_code
LEFT JOIN page p ON p.person_key = s.person_key AND p.setl_id = s.setl_id
LEFT JOIN annual a ON a.person_key = s.person_key AND a.setl_id = s.setl_id
LEFT JOIN visit v ON v.person_key = s.person_key AND v.visit_id = coalesce(s.mdtrt_id, s.setl_id)
LEFT JOIN mother m ON m.person_key = s.person_key AND m.setl_id = s.setl_id

/*---
title: {zh: 人员, en: Person}
subject: person_key
division: division
name: name
---*/
-- One row for each person of the register, the poverty list or the insurance. Every step groups by
-- person_key and every join of person tables is on person_key, so the view runs bucket by bucket.
-- No DISTINCT inside an aggregate: it takes some 10 KB for each group, and here each person is a group.
WITH
-- Up to when extracts are here. A month that did not come is no month without bills, enrolments or visits. Where several feeds
-- fill a table all of them have to have come, but for those that ended long ago.
came AS (
  SELECT min(CASE WHEN table_name = 'settlement' THEN period END) AS billed_to,
    min(CASE WHEN table_name = 'insured' THEN period END) AS enrolled_to,
    min(CASE WHEN table_name = 'premium' THEN period END) AS taxed_to,
    min(CASE WHEN table_name = 'followup' THEN period END) AS visited_to,
    min(CASE WHEN table_name = 'contract' THEN period END) AS contracts_to,
    min(CASE WHEN table_name = 'disease_reg' THEN period END) AS registered_to,
    min(CASE WHEN table_name = 'rare_case' THEN period END) AS rare_to,
    min(CASE WHEN table_name = 'poverty_member' THEN period END) AS listed_to,
    min(CASE WHEN table_name = 'special_group' THEN period END) AS grouped_to
  FROM feed_period
  WHERE ended IS NOT TRUE
),
-- The insurance year is that of the last closed month that has come: in January the newest extracts still hold last year's
-- enrolments only. So it is with follow-up visits, whose extracts come later than bills: the last ones of a year are due in
-- January. Parameters that are asked before a person's county is known are the province's.
-- In a cross join its one row comes first: the engine hands on a batch for each row of the first side.
province AS (
  SELECT code, billed_to, visits_through, least(enrolled_to, taxed_to) AS premiums_through, enrolled_to, contracts_to, registered_to, rare_to, listed_to, grouped_to,
    CAST(date_part('year', least(closed, enrolled_to)) AS BIGINT) AS ins_year,
    CAST(date_part('year', visits_through) AS BIGINT) AS visits_year
  FROM (
    SELECT code, billed_to, enrolled_to, taxed_to, contracts_to, registered_to, rare_to, listed_to, grouped_to,
      CAST(date_trunc('month', asof() - CASE WHEN date_part('day', asof()) >= param('month_close_day', code, yr()) THEN INTERVAL '0' MONTH ELSE INTERVAL '1' MONTH END) AS DATE) - INTERVAL '1' DAY AS closed,
      least(CAST(date_trunc('month', asof() - CASE WHEN date_part('day', asof()) >= param('followup_close_day', code, yr()) THEN INTERVAL '0' MONTH ELSE INTERVAL '1' MONTH END) AS DATE) - INTERVAL '1' DAY, visited_to) AS visits_through
    FROM (SELECT min(code) AS code FROM code_division WHERE level = '1') AS root
    CROSS JOIN came
  ) AS months
),
spine AS (
  SELECT person_key
  FROM (
    SELECT person_key FROM resident
    UNION ALL SELECT person_key FROM poverty_member
    UNION ALL SELECT person_key FROM insured
  ) AS everyone
  GROUP BY person_key
),
-- Who moved within the province stands in the register of the old place too, as moved away: the other row tells.
res AS (
  SELECT person_key,
    max(name) AS name, max(sex) AS sex, max(birth_date) AS birth_date,
    coalesce(max(CASE WHEN here THEN village_code END), max(village_code)) AS village_code,
    CASE WHEN bool_or(here) THEN max(CASE WHEN here THEN hh_size END) ELSE max(hh_size) END AS hh_size,
    CASE WHEN bool_or(here) THEN max(CASE WHEN here THEN pop_status END) ELSE max(pop_status) END AS pop_status,
    max(death_date) AS death_date, bool_or(id_no IS NOT NULL) AS has_id
  FROM (SELECT *, coalesce(pop_status <> '迁出', true) AS here FROM resident) AS r
  GROUP BY person_key
),
-- Where counties send their own parts of the list, up to when the county has told; nothing is where none ever came.
told AS (
  SELECT c.county, min(coalesce(c.period, DATE '1900-01-01')) AS told_to
  FROM county_period c
  JOIN feed_period f ON f.feed = c.feed
  WHERE c.table_name = 'poverty_member' AND f.ended IS NOT TRUE
  GROUP BY c.county
),
-- Members who left by 自然减少 stay in the list; they are out of every denominator.
listed AS (
  SELECT person_key, name, sex, birth_date, village_code, hh_no, hh_type, mon_type, health_status, risks,
    link, id_no, id_no_quality, list_resident_ins, list_employee_ins,
    coalesce(member_change <> '自然减少', true) AS active,
    mon_type IS NOT NULL AND NOT coalesce(risk_cleared, false) AS open_mon,
    -- Only the month is known in the national export: clocks then start at its last day.
    coalesce(identified_date, CAST(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE)) AS identified_on,
    coalesce(identified_date, identified_ym) AS entitled_from,
    CASE WHEN mon_type IS NULL THEN NULL WHEN coalesce(risk_cleared, false) THEN cleared_ym ELSE DATE '9999-12-31' END AS watched_until,
    character_length(replace(btrim(id_no_raw), ' ', '')) AS id_length,
    told.told_to
  FROM poverty_member
  LEFT JOIN told ON told.county = substr(poverty_member.village_code, 1, 6)
),
lst AS (
  SELECT person_key,
    coalesce(max(CASE WHEN active THEN name END), max(name)) AS name,
    coalesce(max(CASE WHEN active THEN sex END), max(sex)) AS sex,
    coalesce(max(CASE WHEN active THEN birth_date END), max(birth_date)) AS birth_date,
    max(CASE WHEN active THEN village_code END) AS village_code, max(village_code) AS left_village,
    max(CASE WHEN active THEN hh_no END) AS hh_no,
    max(CASE WHEN active THEN hh_type END) AS hh_type,
    max(CASE WHEN active AND open_mon THEN mon_type END) AS open_mon_type,
    max(CASE WHEN active THEN mon_type END) AS mon_type,
    bool_or(active) AS in_list,
    bool_or(active AND coalesce(hh_type = '脱贫户', false)) AS is_lifted,
    bool_or(active AND mon_type IS NOT NULL) AS is_monitored,
    bool_or(active AND open_mon) AS is_open_mon,
    min(CASE WHEN active AND mon_type IS NOT NULL THEN identified_on END) AS identified_on,
    min(CASE WHEN active AND mon_type IS NOT NULL THEN entitled_from END) AS entitled_from,
    max(CASE WHEN active THEN watched_until END) AS watched_until,
    bool_or(active AND link IN ('id', 'prefix15', 'roster')) AS is_resolved,
    bool_or(active AND list_resident_ins) AS list_resident_ins,
    bool_or(active AND list_employee_ins) AS list_employee_ins,
    bool_or(id_no IS NOT NULL) AS has_id,
    max(CASE WHEN active THEN id_no_quality END) AS id_quality,
    -- Eighteen characters that are not all digits are no question of length.
    sum(CASE WHEN active AND (id_no_quality IN ('checksum', 'bad_date') AND id_length NOT IN (20, 22) OR id_no_quality = 'length' AND id_length = 18) THEN 1 ELSE 0 END) AS id_bad_rows,
    sum(CASE WHEN active AND id_no_quality IN ('length', 'upgraded15') AND id_length NOT IN (18, 20, 22) THEN 1 ELSE 0 END) AS id_length_rows,
    sum(CASE WHEN active AND id_no_quality IN ('checksum', 'bad_date', 'length') AND id_length IN (20, 22) THEN 1 ELSE 0 END) AS id_card_rows,
    sum(CASE WHEN active AND id_no_quality IN ('missing', 'placeholder') THEN 1 ELSE 0 END) AS id_missing_rows,
    max(CASE WHEN active THEN id_length END) AS id_length,
    min(CASE WHEN active THEN told_to END) AS told_to
  FROM listed
  GROUP BY person_key
),
lnk AS (
  SELECT person_key,
    sum(CASE WHEN clash THEN 1 ELSE 0 END) AS clash_rows,
    nullif(array_to_string(array_sort(array_distinct(array_agg(feed) FILTER (WHERE clash))), '、'), '') AS clash_tables,
    sum(CASE WHEN variant THEN 1 ELSE 0 END) AS variant_rows,
    nullif(array_to_string(array_sort(array_distinct(array_agg(feed) FILTER (WHERE variant))), '、'), '') AS variant_tables,
    sum(CASE WHEN damaged THEN 1 ELSE 0 END) AS damaged_rows,
    nullif(array_to_string(array_sort(array_distinct(array_agg(feed) FILTER (WHERE damaged))), '、'), '') AS damaged_tables
  FROM (
    SELECT k.person_key, coalesce(t.label, k.table_name) AS feed,
      k.tier = 'clash' AS clash,
      k.tier = 'variant' AS variant,
      k.tier <> 'clash' AND k.quality IN ('truncated15', 'scientific') AS damaged
    FROM link k
    LEFT JOIN code_table_title t ON t.code = k.table_name
  ) AS k
  GROUP BY person_key
),
dead AS (
  -- Several death records: the latest date accuses least, as in the view of claims.
  SELECT person_key, max(death_date) AS death_date
  FROM death
  GROUP BY person_key
),
enrolment AS (
  SELECT person_key, name, sex, birth_date, village_code, insured_div, substr(insured_div, 1, 6) AS place, insutype, insu_stat, year, id_no, psn_no, paid_on,
    coalesce(self_paid, 0) AS self_paid, coalesce(subsidy_amt, 0) AS subsidy_amt, subsidy_type,
    in_list('insutype_cover', insutype) AS cover,
    in_list('insutype_basic', insutype) AS basic,
    insutype = '390' AS of_residents,
    year = ins_year - 1 AS last_year,
    year = ins_year AND insu_stat <> '0' AS this_year,
    -- Whose enrolment ended with the year was insured in it.
    year = ins_year AND (insu_stat = '1' OR (insu_stat = '3' AND stop_date < asof()))
      AND (stop_date IS NULL OR stop_date > least(asof(), make_date(CAST(ins_year AS INT), 12, 30))) AS active,
    -- What goes on tonight, not only what the year was covered by.
    year = ins_year AND insu_stat = '1' AND coalesce(stop_date > asof(), true) AS goes_on,
    -- The last day on which it began, was paid for or ended.
    CASE WHEN year = ins_year THEN greatest(start_date, paid_on, CASE WHEN stop_date <= asof() THEN stop_date END) END AS moved_on
  FROM province
  CROSS JOIN insured
),
ins AS (
  SELECT person_key,
    max(name) AS name, max(sex) AS sex, max(birth_date) AS birth_date,
    max(village_code) AS village_code, max(insured_div) AS insured_div,
    bool_or(id_no IS NOT NULL) AS has_id,
    bool_or(coalesce(active AND cover, false)) AS insured_now,
    bool_or(coalesce(active AND of_residents, false)) AS resident_ins,
    bool_or(coalesce(active AND cover AND NOT of_residents, false)) AS employee_ins,
    bool_or(coalesce(goes_on AND cover, false)) AS enrolled_now,
    bool_or(coalesce(cover AND last_year AND insu_stat <> '0', false)) AS insured_last_year,
    -- One kind in one place under two numbers of the insurance is two enrolments as well.
    CAST(cardinality(array_distinct(array_agg(concat(insutype, '|', coalesce(place, ''), '|', coalesce(psn_no, ''))) FILTER (WHERE active AND basic))) AS BIGINT) AS enrolments,
    CAST(cardinality(array_distinct(array_agg(insutype) FILTER (WHERE active AND basic AND insutype IS NOT NULL))) AS BIGINT) AS enrolment_kinds,
    CAST(cardinality(array_distinct(array_agg(place) FILTER (WHERE active AND basic AND place IS NOT NULL))) AS BIGINT) AS enrolment_places,
    -- Who moved in the year was subsidised, and paid, where they were enrolled before.
    sum(CASE WHEN this_year AND of_residents THEN subsidy_amt ELSE 0 END) AS subsidy_amt,
    max(CASE WHEN active AND of_residents THEN subsidy_type END) AS subsidy_type,
    max(CASE WHEN active AND of_residents THEN self_paid END) AS self_paid,
    max(CASE WHEN this_year AND of_residents AND NOT active THEN self_paid END) AS ended_self_paid,
    max(CASE WHEN active AND of_residents THEN paid_on END) AS paid_on,
    max(CASE WHEN active AND of_residents THEN insured_div END) AS resident_ins_div,
    max(CASE WHEN cover THEN moved_on END) AS moved_on
  FROM enrolment
  GROUP BY person_key
),
tax AS (
  SELECT person_key,
    sum(CASE WHEN coalesce(refund, false) AND paid_amt > 0 THEN -paid_amt ELSE paid_amt END) AS premium_net,
    -- The last movement, paid or paid back.
    max(paid_on) AS premium_on
  FROM province
  CROSS JOIN premium
  WHERE year = ins_year AND insutype = '390'
  GROUP BY person_key
),
-- A right exists only from its first day: `valid` is tonight, `at_cutoff` the last day for the year's subsidy, at most the last
-- one of its month. Nobody is asked for it before enrolments and groups of that day have come. A right that ended after the day up
-- to which groups are told may have been prolonged, as those that end with the year are, and goes on.
identities AS (
  SELECT person_key, group_code, in_full,
    coalesce(start_date <= asof(), true) AND coalesce(end_date >= least(asof(), grouped_to), true) AS valid,
    coalesce(start_date <= cutoff, true) AND coalesce(end_date >= cutoff, true) AND cutoff <= told AS at_cutoff
  FROM (
    SELECT person_key, group_code, start_date, end_date, grouped_to, s.kind = 'full' AS in_full, least(asof(), enrolled_to, grouped_to) AS told,
      make_date(CAST(ins_year AS INT), CAST(param('subsidy_cutoff_month', village_code, ins_year) AS INT), least(CAST(param('subsidy_cutoff_day', village_code, ins_year) AS INT),
        CAST(date_part('day', make_date(CAST(ins_year AS INT), CAST(param('subsidy_cutoff_month', village_code, ins_year) AS INT), 1) + INTERVAL '1' MONTH - INTERVAL '1' DAY) AS INT))) AS cutoff
    FROM province
    CROSS JOIN special_group
    LEFT JOIN code_subsidy_groups s ON s.code = group_code
  ) AS g
),
grp AS (
  SELECT person_key,
    bool_or(valid AND group_code = '特困') AS is_tekun,
    bool_or(valid AND group_code = '低保') AS is_dibao,
    bool_or(valid AND in_list('alert_groups', group_code)) AS is_low_income_group,
    bool_or(at_cutoff AND in_list('subsidy_groups', group_code)) AS is_subsidy_group,
    bool_or(at_cutoff AND in_full) AS is_full_subsidy,
    nullif(array_to_string(array_sort(array_distinct(array_agg(group_code) FILTER (WHERE at_cutoff AND in_list('subsidy_groups', group_code)))), '、'), '') AS subsidy_group_names,
    nullif(array_to_string(array_sort(array_distinct(array_agg(group_code) FILTER (WHERE valid))), '、'), '') AS group_names
  FROM identities
  GROUP BY person_key
),
-- A refund is no bill: what it takes back is gone from the bill that it takes back, on that bill's own day, and of one that
-- nobody knows nothing is left to take. Of a top-up only what it pays counts: it has no fee of its own, is no session or
-- stay, and leaves the person so much less to pay; it counts when what it tops up does.
bill AS (
  SELECT person_key, setl_date, proc, on_date, left_date, out_date, inpatient_bill, kept,
    CASE WHEN kept AND NOT top_up THEN 1 ELSE 0 END AS n, away,
    CASE WHEN kept AND NOT top_up THEN total_fee - coalesce(back_fee, 0) END AS total_fee,
    CASE WHEN kept THEN fund_pay - coalesce(back_fund, 0) END AS fund_pay,
    CASE WHEN NOT kept THEN NULL WHEN top_up THEN coalesce(back_fund, 0) - fund_pay ELSE person_pay - coalesce(back_person, 0) END AS person_pay
  FROM (
    SELECT s.person_key, coalesce(a.topped_on, s.setl_date) AS setl_date, s.total_fee, s.fund_pay, s.person_pay,
      a.back_fee, a.back_fund, a.back_person, coalesce(a.tops_up, false) AS top_up,
      -- A bill that names no treatment shows it by its diagnosis.
      coalesce(s.proc, CASE WHEN has_prefix('icd_haemodialysis', s.dx_main) THEN 'HD' WHEN has_prefix('icd_peritoneal', s.dx_main) THEN 'PD'
        WHEN has_prefix('icd_chemo', s.dx_main) THEN 'CH' WHEN has_prefix('icd_radio', s.dx_main) THEN 'RT' END) AS proc,
      coalesce(a.topped_from, s.admit_date, s.setl_date) AS on_date, coalesce(a.topped_to, s.discharge_date, s.setl_date) AS left_date,
      -- A bill of a month of sessions counts to its end, which is not after its settlement.
      least(coalesce(s.discharge_date, s.admit_date, s.setl_date), s.setl_date) AS out_date,
      in_list('med_inpatient', s.med_type) AS inpatient_bill, coalesce(s.pay_loc <> '1', false) AS away,
      -- No filter: that would copy what the joins hand on as it is.
      coalesce(a.back_fee < s.total_fee, a.is_back IS NULL) AND coalesce(a.topped_on > asof() - INTERVAL '12' MONTH, true) AS kept
    FROM settlement s
    LEFT JOIN amended a ON a.person_key = s.person_key AND a.setl_id = s.setl_id
    WHERE s.setl_date <= asof() AND s.setl_date > asof() - INTERVAL '12' MONTH AND NOT coalesce(s.refund OR s.total_fee < 0, false)
  ) AS s
),
pay AS (
  SELECT b.person_key,
    sum(b.person_pay) AS pay12,
    sum(b.total_fee) AS total12,
    sum(b.n) AS bills12,
    max(b.setl_date) AS last_bill,
    -- The last three whole months against the three before: is self-pay rising?
    sum(CASE WHEN b.setl_date < CAST(date_trunc('month', asof()) AS DATE)
              AND b.setl_date >= CAST(date_trunc('month', asof()) AS DATE) - INTERVAL '3' MONTH THEN b.person_pay ELSE 0 END) AS pay_recent,
    sum(CASE WHEN b.setl_date < CAST(date_trunc('month', asof()) AS DATE) - INTERVAL '3' MONTH
              AND b.setl_date >= CAST(date_trunc('month', asof()) AS DATE) - INTERVAL '6' MONTH THEN b.person_pay ELSE 0 END) AS pay_before,
    sum(CASE WHEN b.entitled_stay THEN b.total_fee ELSE 0 END) AS stay_total12,
    sum(CASE WHEN b.entitled_stay THEN b.fund_pay ELSE 0 END) AS stay_fund12,
    sum(CASE WHEN b.entitled_stay THEN b.n ELSE 0 END) AS stays12,
    max(CASE WHEN b.inpatient_bill AND b.kept THEN b.setl_date END) AS last_stay_bill,
    -- Where sessions of a month are one bill, it counts for one in each week: a course shows in the first of them.
    sum(CASE WHEN b.proc = 'HD' THEN CASE WHEN b.inpatient_bill THEN b.n ELSE b.n * (1 + greatest(b.out_date - b.on_date, 0) / 7) END ELSE 0 END) AS dialysis12,
    max(CASE WHEN b.proc = 'HD' AND b.kept THEN b.out_date END) AS dialysis_last,
    sum(CASE WHEN b.proc = 'PD' THEN b.n ELSE 0 END) AS peritoneal12,
    max(CASE WHEN b.proc = 'PD' AND b.kept THEN b.out_date END) AS peritoneal_last,
    sum(CASE WHEN b.proc = 'CH' THEN b.n ELSE 0 END) AS chemo12,
    max(CASE WHEN b.proc = 'CH' AND b.kept THEN b.out_date END) AS chemo_last,
    max(CASE WHEN b.away AND b.proc IN ('HD', 'PD') AND b.kept THEN b.out_date END) AS dialysis_away,
    max(CASE WHEN b.away AND b.proc = 'CH' AND b.kept THEN b.out_date END) AS chemo_away
  FROM (
    -- Of who is not lifted only stays count that began after the household was identified (or as far back as a local rule says)
    -- and ended before the month in which its risk was cleared, as in the view of claims.
    SELECT b.*, b.inpatient_bill AND (coalesce(l.is_lifted, false)
      OR (l.identified_on - b.on_date <= param('identity_backdate_days', l.village_code, yr()) AND b.left_date < l.watched_until)) AS entitled_stay
    FROM bill b
    LEFT JOIN lst l ON l.person_key = b.person_key
  ) AS b
  GROUP BY b.person_key
),
-- Every sign of care with its diagnosis, from bills and from front pages of inpatient records.
care AS (
  SELECT person_key, on_date, out_date, birth_date, sex, stay, dx,
    CASE WHEN proc IN ('HD', 'PD') THEN true END AS kidney,
    CASE WHEN proc = 'TX' OR has_prefix('icd_transplant', dx) THEN true END AS transplant,
    CASE WHEN proc IN ('CH', 'RT') OR has_prefix('icd_chemo', dx) OR has_prefix('icd_radio', dx) THEN true END AS onco,
    CASE WHEN has_prefix('rare_icd', dx) THEN true END AS rare
  FROM (
    SELECT s.person_key, s.dx_main AS dx, coalesce(s.admit_date, s.setl_date) AS on_date,
      least(coalesce(s.discharge_date, s.admit_date, s.setl_date), s.setl_date) AS out_date, s.birth_date, s.sex,
      in_list('med_inpatient', s.med_type) AS stay, s.proc
    FROM settlement s
    LEFT JOIN amended a ON a.person_key = s.person_key AND a.setl_id = s.setl_id
    -- What was taken back proves neither a session nor a diagnosis.
    WHERE NOT coalesce(s.refund OR s.total_fee < 0, false) AND coalesce(a.back_fee < s.total_fee, a.is_back IS NULL)
    UNION ALL
    SELECT person_key, dx_main AS dx, admit_date AS on_date, least(coalesce(discharge_date, admit_date), asof()) AS out_date,
      birth_date, sex, true AS stay, CAST(NULL AS VARCHAR) AS proc
    FROM inpatient
  ) AS signs
  WHERE on_date <= asof()
),
-- Which of the 30 major diseases it shows: by treatment, else by the first five characters of the code, else by
-- the first three. `proof`: the claim alone shows the disease, and it may be named with a person.
coded AS (
  SELECT c.person_key, c.on_date, c.out_date, c.stay, c.transplant, c.onco, c.rare, c.birth_date, c.sex,
    CASE WHEN c.kidney THEN 'd07' ELSE coalesce(five.disease, three.disease) END AS disease,
    CASE WHEN c.kidney THEN '' WHEN five.code IS NOT NULL THEN coalesce(five.age_below, '') ELSE coalesce(three.age_below, '') END AS age_below,
    CASE WHEN c.kidney THEN '' WHEN five.code IS NOT NULL THEN coalesce(five.sex, '') ELSE coalesce(three.sex, '') END AS only_sex,
    CASE WHEN c.kidney OR (coalesce(five.claim_proof, three.claim_proof) = '1' AND c.rare IS NULL) THEN true END AS proof
  FROM care c
  LEFT JOIN code_major_disease_30 five ON five.code = substr(c.dx, 1, 5)
  LEFT JOIN code_major_disease_30 three ON three.code = substr(c.dx, 1, 3)
),
-- Signs of care and registrations side by side; an empty disease stands for all other care.
fact AS (
  SELECT person_key,
    CASE WHEN (age_below = '' OR age(birth_date, on_date) < CAST(nullif(age_below, '') AS BIGINT))
          AND (only_sex = '' OR sex = only_sex) THEN coalesce(disease, '') ELSE '' END AS disease,
    on_date, out_date, stay, proof, transplant, onco, rare,
    CAST(NULL AS BOOLEAN) AS registered, CAST(NULL AS DATE) AS confirmed_date, CAST(NULL AS DATE) AS closed_on, CAST(NULL AS BOOLEAN) AS open,
    CAST(NULL AS BOOLEAN) AS curing, CAST(NULL AS BOOLEAN) AS untreated, CAST(NULL AS BOOLEAN) AS treated
  FROM coded
  UNION ALL
  SELECT person_key, coalesce(disease, '') AS disease,
    CAST(NULL AS DATE) AS on_date, CAST(NULL AS DATE) AS out_date, CAST(NULL AS BOOLEAN) AS stay, CAST(NULL AS BOOLEAN) AS proof,
    CAST(NULL AS BOOLEAN) AS transplant, CAST(NULL AS BOOLEAN) AS onco, has_prefix('rare_icd', icd10) AS rare,
    true AS registered, confirmed_date,
    -- Who died without a day of closing is closed tonight.
    CASE WHEN treat_status = '死亡' THEN coalesce(closed_date, asof()) ELSE closed_date END AS closed_on,
    closed_date IS NULL AND (treat_status IS NULL OR treat_status <> '死亡') AS open,
    closed_date IS NULL AND (treat_status IS NULL OR treat_status IN ('救治中', '好转')) AS curing,
    closed_date IS NULL AND treat_status = '未救治' AS untreated,
    treat_status IN ('已救治', '好转') AS treated
  FROM disease_reg
),
disease_of_person AS (
  SELECT person_key, disease,
    -- Who was in hospital when the disease was confirmed is in treatment up to the discharge.
    min(on_date) AS first_on, max(greatest(on_date, out_date)) AS last_on, max(CASE WHEN stay THEN out_date END) AS last_stay,
    sum(CASE WHEN stay THEN 1 ELSE 0 END) AS stays, sum(CASE WHEN registered THEN 0 ELSE 1 END) AS claims,
    bool_or(proof) AS proof, max(CASE WHEN transplant THEN out_date END) AS transplant_on, max(CASE WHEN onco THEN out_date END) AS onco_on,
    max(closed_on) AS closed_on, bool_or(curing) AS curing,
    sum(CASE WHEN rare AND registered IS NULL THEN 1 ELSE 0 END) AS rare_claims,
    min(CASE WHEN rare AND registered IS NULL THEN on_date END) AS rare_first,
    bool_or(registered) AS registered, min(confirmed_date) AS confirmed_date,
    bool_or(open) AS open, bool_or(untreated AND rare IS DISTINCT FROM true) AS untreated, bool_or(treated) AS treated
  FROM fact
  GROUP BY person_key, disease
),
-- Protected diseases (HIV, tuberculosis, mental illness) and rare ones are not named with a person.
known AS (
  SELECT p.person_key, p.disease, p.confirmed_date, p.closed_on, p.open, p.curing, p.treated, d.label,
    p.first_on, p.stays, p.claims, p.last_stay, p.transplant_on, p.onco_on, p.rare_claims, p.rare_first,
    -- Where the register is silent about the day, visits are due from the beginning of the year.
    coalesce(p.confirmed_date, make_date(CAST(c.visits_year AS INT), 1, 1)) AS visits_from,
    coalesce(CAST(d.cancer AS BOOLEAN), false) AS cancer,
    d.class = '大病' AS major,
    d.class = '慢病' AS chronic,
    p.untreated AND d.class = '大病' AND NOT CAST(d.sensitive AS BOOLEAN) AND (p.last_on IS NULL OR p.last_on < p.confirmed_date) AS untreated,
    -- Each disease has to be shown by itself: claims of one and the first day of another prove neither. Days are counted to the day
    -- up to which registrations are told.
    p.registered IS NULL AND p.proof AND d.class = '大病' AND NOT CAST(d.sensitive AS BOOLEAN)
      AND (p.stays > 0 OR p.claims >= param('register_claims', c.code, yr()))
      AND least(asof(), c.registered_to) - p.first_on > param('register_days', c.code, yr()) AS unregistered
  FROM province c
  CROSS JOIN disease_of_person p
  LEFT JOIN code_disease d ON d.code = p.disease
),
illness AS (
  SELECT person_key,
    max(last_stay) AS last_stay,
    max(greatest(transplant_on, CASE WHEN disease = 'd07' AND NOT open THEN closed_on END)) AS transplanted_on,
    sum(rare_claims) AS rare_claims,
    min(rare_first) AS rare_first,
    sum(CASE WHEN chronic AND open THEN 1 ELSE 0 END) AS chronic_n,
    min(CASE WHEN chronic AND open THEN confirmed_date END) AS chronic_since,
    min(CASE WHEN disease = 'hbp' AND open THEN visits_from END) AS hbp_on,
    min(CASE WHEN disease = 'dm' AND open THEN visits_from END) AS dm_on,
    min(CASE WHEN disease = 'smi' AND open THEN visits_from END) AS smi_on,
    -- Tuberculosis is visited as long as it is treated.
    min(CASE WHEN disease = 'tb' AND curing THEN visits_from END) AS tb_on,
    sum(CASE WHEN major AND open THEN 1 ELSE 0 END) AS major_n,
    sum(CASE WHEN disease = 'd07' THEN claims ELSE 0 END) AS kidney_claims,
    bool_or(cancer AND treated) AS cancer_treated,
    max(onco_on) AS onco_on,
    sum(CASE WHEN untreated AND cancer THEN 1 ELSE 0 END) AS cancers,
    min(CASE WHEN untreated AND cancer THEN confirmed_date END) AS cancer_since,
    max(CASE WHEN untreated AND cancer THEN confirmed_date END) AS cancer_newest,
    nullif(array_to_string(array_sort(array_distinct(array_agg(label) FILTER (WHERE untreated AND cancer))), '、'), '') AS cancer_names,
    sum(CASE WHEN untreated AND NOT cancer THEN 1 ELSE 0 END) AS others,
    min(CASE WHEN untreated AND NOT cancer THEN confirmed_date END) AS other_since,
    nullif(array_to_string(array_sort(array_distinct(array_agg(label) FILTER (WHERE untreated AND NOT cancer))), '、'), '') AS other_names,
    min(CASE WHEN unregistered THEN first_on END) AS unreg_since,
    sum(CASE WHEN unregistered THEN stays END) AS unreg_stays,
    sum(CASE WHEN unregistered THEN claims END) AS unreg_claims,
    nullif(array_to_string(array_sort(array_distinct(array_agg(label) FILTER (WHERE unregistered))), '、'), '') AS unregistered
  FROM known
  GROUP BY person_key
),
-- Chemotherapy and radiotherapy are mostly billed under a code of their own, which tells no cancer: given after the last of
-- the person's cancers was confirmed they treat all of them.
ill AS (
  SELECT illness.*,
    others + CASE WHEN cancer_waits THEN cancers ELSE 0 END AS untreated_n,
    least(other_since, CASE WHEN NOT cancer_waits THEN NULL WHEN onco_on IS NULL THEN cancer_since ELSE cancer_newest END) AS untreated_since,
    nullif(concat_ws('、', CASE WHEN cancer_waits THEN cancer_names END, other_names), '') AS untreated
  FROM (SELECT *, cancers > 0 AND (onco_on IS NULL OR coalesce(onco_on < cancer_newest, false)) AS cancer_waits FROM illness) AS illness
),
rare AS (
  SELECT person_key, sum(1) AS rare_cases FROM rare_case GROUP BY person_key
),
signed AS (
  -- Nobody knows yet who signed again when a contract ended after the day up to which contracts are told.
  SELECT person_key, bool_or(valid) AS contract_valid,
    -- Visits are due under the contract of the day up to which they are told: one that began after it asks for none yet.
    min(CASE WHEN told THEN start_date END) AS told_from,
    -- Of the contract that had ended last by then, the last day and the first.
    max(CASE WHEN NOT told AND start_date <= visits_through
      THEN concat(CAST(least(end_date, CAST(terminated_date AS DATE) - INTERVAL '1' DAY) AS VARCHAR), '|', CAST(start_date AS VARCHAR)) END) AS ended,
    max(CASE WHEN valid THEN end_date END) AS contract_to,
    max(least(end_date, terminated_date)) AS last_contract_to,
    -- The family doctor: team, its name and the doctor of the contract that began last, from one row.
    max(CASE WHEN valid THEN doctor END) AS doctor
  FROM (
    SELECT person_key, start_date, end_date, terminated_date, visits_through,
      concat_ws(chr(31), CAST(start_date AS VARCHAR), coalesce(team_id, ''), coalesce(team_name, ''), coalesce(doctor_name, '')) AS doctor,
      start_date <= asof() AND coalesce(end_date >= least(asof(), contracts_to), true) AND coalesce(terminated_date > least(asof(), contracts_to), true) AS valid,
      start_date <= visits_through AND coalesce(end_date >= visits_through, true) AND coalesce(terminated_date > visits_through, true) AS told
    FROM (
      -- A contract without a first day runs from its signature.
      SELECT person_key, coalesce(start_date, sign_date) AS start_date, end_date, terminated_date, team_id, team_name, doctor_name, visits_through, contracts_to
      FROM province
      CROSS JOIN contract
    ) AS c
  ) AS c
  GROUP BY person_key
),
visits AS (
  SELECT person_key,
    sum(CASE WHEN disease = 'hbp' THEN 1 ELSE 0 END) AS hbp_done,
    sum(CASE WHEN disease = 'dm' THEN 1 ELSE 0 END) AS dm_done,
    sum(CASE WHEN disease = 'smi' THEN 1 ELSE 0 END) AS smi_done,
    sum(CASE WHEN disease = 'tb' THEN 1 ELSE 0 END) AS tb_done,
    max(visit_date) AS last_visit
  FROM province
  CROSS JOIN followup
  -- The first bound is known beforehand and spares the rows of older years.
  WHERE visit_date >= make_date(CAST(date_part('year', asof() - INTERVAL '6' MONTH) AS INT), 1, 1) AND visit_date <= asof()
    AND date_part('year', visit_date) = visits_year
  GROUP BY person_key
),
base AS (
  SELECT spine.person_key, province.ins_year, province.billed_to, province.visits_through, province.visits_year, province.premiums_through,
    province.enrolled_to, province.contracts_to, province.rare_to, least(province.listed_to, lst.told_to) AS listed_to,
    coalesce(lst.name, res.name, ins.name) AS name,
    -- Who left the list is filed where the register has them, not where the list had them.
    coalesce(lst.village_code, res.village_code, lst.left_village, ins.village_code, ins.insured_div) AS division,
    coalesce(res.sex, lst.sex, ins.sex) AS sex,
    coalesce(res.birth_date, lst.birth_date, ins.birth_date) AS birth_date,
    greatest(dead.death_date, res.death_date) AS death_date,
    dead.death_date IS NULL AND res.death_date IS NULL AND coalesce(res.pop_status <> '死亡', true) AS alive,
    res.pop_status,
    coalesce(in_list('pop_exempt', res.pop_status), false) AS is_exempt,
    coalesce(in_list('pop_away', res.pop_status), false) AS is_away,
    coalesce(res.has_id, false) OR coalesce(lst.has_id, false) OR coalesce(ins.has_id, false) AS has_id,
    res.person_key IS NOT NULL AS in_register,
    coalesce(res.hh_size = 1, false) AS lives_alone,
    coalesce(lst.in_list, false) AS in_list,
    coalesce(lst.is_resolved, false) AS is_resolved,
    coalesce(lst.is_lifted, false) AS is_lifted,
    coalesce(lst.is_monitored, false) AS is_monitored,
    coalesce(lst.is_open_mon, false) AS is_open_mon,
    lst.hh_no, lst.hh_type, coalesce(lst.open_mon_type, lst.mon_type) AS mon_type, lst.identified_on, lst.entitled_from, lst.watched_until,
    lst.list_resident_ins, lst.list_employee_ins,
    lst.id_quality, lst.id_length,
    coalesce(lst.id_bad_rows, 0) AS id_bad_rows,
    coalesce(lst.id_length_rows, 0) AS id_length_rows,
    coalesce(lst.id_card_rows, 0) AS id_card_rows,
    coalesce(lst.id_missing_rows, 0) AS id_missing_rows,
    coalesce(lnk.clash_rows, 0) AS id_clash_rows, lnk.clash_tables AS id_clash_tables,
    coalesce(lnk.variant_rows, 0) AS name_variant_rows, lnk.variant_tables AS name_variant_tables,
    coalesce(lnk.damaged_rows, 0) AS id_damaged_rows, lnk.damaged_tables AS id_damaged_tables,
    coalesce(grp.is_tekun, false) AS is_tekun,
    coalesce(grp.is_dibao, false) AS is_dibao,
    coalesce(grp.is_low_income_group, false) AS is_low_income_group,
    coalesce(grp.is_subsidy_group, false) AS is_subsidy_group,
    coalesce(grp.is_full_subsidy, false) AS is_full_subsidy,
    grp.group_names, grp.subsidy_group_names,
    ins.person_key IS NOT NULL AS in_insured,
    coalesce(ins.insured_now, false) AS insured_now,
    coalesce(ins.resident_ins, false) AS resident_ins,
    coalesce(ins.employee_ins, false) AS employee_ins,
    coalesce(ins.enrolled_now, false) AS enrolled_now,
    coalesce(ins.insured_last_year, false) AS insured_last_year,
    coalesce(ins.enrolments, 0) AS enrolments,
    coalesce(ins.enrolment_kinds, 0) AS enrolment_kinds,
    coalesce(ins.enrolment_places, 0) AS enrolment_places,
    coalesce(ins.subsidy_amt, 0) AS subsidy_amt, ins.subsidy_type,
    coalesce(nullif(ins.self_paid, 0), ins.ended_self_paid, 0) AS self_paid, ins.ended_self_paid,
    substr(ins.resident_ins_div, 1, 2) AS resident_ins_province,
    coalesce(tax.premium_net, 0) AS premium_net, tax.premium_on, ins.paid_on AS enrolment_paid_on, ins.moved_on AS enrolment_moved_on,
    coalesce(pay.pay12, 0) AS pay12,
    coalesce(pay.total12, 0) AS total12,
    coalesce(pay.bills12, 0) AS bills12,
    coalesce(pay.pay_recent, 0) AS pay_recent,
    coalesce(pay.pay_before, 0) AS pay_before,
    coalesce(pay.stay_total12, 0) AS stay_total12,
    coalesce(pay.stay_fund12, 0) AS stay_fund12,
    coalesce(pay.stays12, 0) AS stays12,
    pay.last_stay_bill,
    coalesce(pay.dialysis12, 0) AS dialysis12, pay.dialysis_last,
    coalesce(pay.chemo12, 0) AS chemo12, pay.chemo_last,
    coalesce(pay.peritoneal12, 0) AS peritoneal12, pay.peritoneal_last,
    pay.dialysis_away, pay.chemo_away,
    ill.last_stay,
    ill.transplanted_on,
    coalesce(ill.rare_claims, 0) AS rare_claims, ill.rare_first,
    coalesce(rare.rare_cases, 0) AS rare_cases,
    coalesce(ill.major_n, 0) AS major_n,
    coalesce(ill.kidney_claims, 0) AS kidney_claims,
    coalesce(ill.cancer_treated, false) AS cancer_treated,
    coalesce(ill.untreated_n, 0) AS untreated_n, ill.untreated_since, ill.untreated,
    ill.unregistered, ill.unreg_since,
    coalesce(ill.unreg_stays, 0) AS unreg_stays,
    coalesce(ill.unreg_claims, 0) AS unreg_claims,
    coalesce(ill.chronic_n, 0) AS chronic_n, ill.chronic_since,
    ill.hbp_on, ill.dm_on, ill.smi_on, ill.tb_on,
    coalesce(visits.hbp_done, 0) AS hbp_done,
    coalesce(visits.dm_done, 0) AS dm_done,
    coalesce(visits.smi_done, 0) AS smi_done,
    coalesce(visits.tb_done, 0) AS tb_done,
    visits.last_visit,
    coalesce(signed.contract_valid, false) AS contract_valid,
    -- Who signed again when a contract ended, in whatever month, has been under contract since that one began.
    CASE WHEN CAST(split_part(signed.ended, '|', 1) AS DATE) + INTERVAL '1' DAY >= signed.told_from
      THEN least(CAST(split_part(signed.ended, '|', 2) AS DATE), signed.told_from) ELSE signed.told_from END AS contract_from,
    signed.contract_to, signed.last_contract_to,
    nullif(split_part(signed.doctor, chr(31), 2), '') AS team_id,
    nullif(split_part(signed.doctor, chr(31), 3), '') AS team_name,
    nullif(split_part(signed.doctor, chr(31), 4), '') AS doctor_name
  FROM province
  CROSS JOIN spine
  -- The widest come last: every join copies the columns of those before it.
  LEFT JOIN rare ON rare.person_key = spine.person_key
  LEFT JOIN dead ON dead.person_key = spine.person_key
  LEFT JOIN tax ON tax.person_key = spine.person_key
  LEFT JOIN grp ON grp.person_key = spine.person_key
  LEFT JOIN signed ON signed.person_key = spine.person_key
  LEFT JOIN visits ON visits.person_key = spine.person_key
  LEFT JOIN lnk ON lnk.person_key = spine.person_key
  LEFT JOIN res ON res.person_key = spine.person_key
  LEFT JOIN pay ON pay.person_key = spine.person_key
  LEFT JOIN ins ON ins.person_key = spine.person_key
  LEFT JOIN ill ON ill.person_key = spine.person_key
  LEFT JOIN lst ON lst.person_key = spine.person_key
),
-- What follows from the above and from the parameters of the person's county.
derived AS (
  SELECT base.*,
    substr(division, 1, 6) AS county,
    age(birth_date, asof()) AS age,
    alive AND (is_lifted OR is_monitored) AS is_target,
    (alive AND (is_lifted OR is_monitored)) OR is_low_income_group AS is_low_income,
    asof() - birth_date AS age_days,
    -- The term of who has to be enrolled, or not to be any more, is over when enrolments of its end have come.
    least(asof(), enrolled_to) - birth_date AS enrolment_days,
    least(asof(), enrolled_to) - death_date AS days_dead,
    -- The flags of the list have no day but that up to which it has come. What the register says happened after it the list
    -- cannot know, nor the register who was born after its own last day.
    coalesce(enrolment_moved_on <= listed_to, true) AND coalesce(birth_date <= enrolled_to, true) AS flags_told,
    -- A payment of a month that one of the two has not told yet was made just now.
    CASE WHEN greatest(premium_on, enrolment_paid_on) > premiums_through THEN 0 ELSE asof() - greatest(premium_on, enrolment_paid_on) END AS days_since_premium,
    -- A new kidney (or the end of the registration) after the last dialysis; who is on dialysis again has lost it.
    coalesce(transplanted_on > greatest(dialysis_last, peritoneal_last), transplanted_on IS NOT NULL) AS transplanted,
    coalesce(peritoneal_last > dialysis_last, peritoneal_last IS NOT NULL) AS on_peritoneal,
    coalesce(resident_ins_province = substr(division, 1, 2), true) AS insured_in_province,
    make_date(CAST(ins_year AS INT), CAST(param('subsidy_cutoff_month', division, ins_year) AS INT), least(CAST(param('subsidy_cutoff_day', division, ins_year) AS INT),
      CAST(date_part('day', make_date(CAST(ins_year AS INT), CAST(param('subsidy_cutoff_month', division, ins_year) AS INT), 1) + INTERVAL '1' MONTH - INTERVAL '1' DAY) AS INT))) AS subsidy_cutoff,
    -- The last day up to which bills are complete tonight.
    least(CAST(date_trunc('month', asof() - CASE WHEN date_part('day', asof()) >= param('month_close_day', division, yr()) THEN INTERVAL '0' MONTH ELSE INTERVAL '1' MONTH END) AS DATE) - INTERVAL '1' DAY, billed_to) AS through
  FROM base
),
-- Who was treated elsewhere last is treated there still as long as such bills may come: by so many days they are behind.
behind AS (
  SELECT derived.*,
    CASE WHEN dialysis_away >= greatest(dialysis_last, peritoneal_last)
      THEN greatest(CAST(param('offsite_wait_days', division, yr()) AS BIGINT) - (asof() - through), 0) ELSE 0 END AS dialysis_behind,
    CASE WHEN chemo_away >= chemo_last THEN greatest(CAST(param('offsite_wait_days', division, yr()) AS BIGINT) - (asof() - through), 0) ELSE 0 END AS chemo_behind
  FROM derived
)
SELECT behind.*,
  pay12 >= CASE WHEN is_low_income THEN param('alert_low', division, yr()) ELSE param('alert_gen', division, yr()) END AS is_warned,
  coalesce(age >= param('old_age', division, yr()), false) AS is_old,
  -- Who was born after the cut-off date had no right on it; nor is one taken for granted whose day nobody knows. A
  -- household whose risk was cleared after it had one.
  (is_subsidy_group OR (is_monitored AND subsidy_cutoff <= least(asof(), enrolled_to) AND coalesce(identified_on <= subsidy_cutoff AND watched_until > subsidy_cutoff, false)))
    AND coalesce(birth_date <= subsidy_cutoff, true) AS is_subsidy_eligible,
  -- Extracts may lack the mark of a treatment: as many claims for kidneys that have failed tell as much.
  coalesce(age >= param('old_age', division, yr()), false) AND lives_alone
    AND (dialysis12 >= param('dialysis_min', division, yr()) OR peritoneal12 >= param('peritoneal_min', division, yr())
      OR kidney_claims >= param('dialysis_min', division, yr())) AS is_fragile,
  concat_ws('、',
    CASE WHEN age >= param('old_age', division, yr()) THEN concat(CAST(CAST(param('old_age', division, yr()) AS BIGINT) AS VARCHAR), '岁及以上老人') END,
    CASE WHEN lives_alone THEN '独居' END,
    CASE WHEN dialysis12 > 0 THEN '血液透析' END,
    CASE WHEN peritoneal12 > 0 THEN '腹膜透析' END,
    CASE WHEN pay_recent > pay_before THEN '近三月自付上升' END) AS risk_signs,
  pay_recent > pay_before AS pay_rising,
  -- Days without treatment, counted to the day up to which bills are complete; a stay in hospital is no gap, and a bill
  -- of bags for peritoneal dialysis is treatment for as long as they last.
  dialysis12 >= param('dialysis_min', division, yr()) OR peritoneal12 >= param('peritoneal_min', division, yr()) AS on_dialysis,
  through - greatest(dialysis_last, peritoneal_last, last_stay) - dialysis_behind AS dialysis_days,
  coalesce((dialysis12 >= param('dialysis_min', division, yr()) OR peritoneal12 >= param('peritoneal_min', division, yr())) AND NOT transplanted
    AND least(through - greatest(dialysis_last, last_stay), through - peritoneal_last - CAST(param('peritoneal_days', division, yr()) AS BIGINT)) - dialysis_behind
      > CASE WHEN on_peritoneal THEN param('peritoneal_gap', division, yr()) ELSE param('dialysis_gap', division, yr()) END, false) AS is_off_dialysis,
  through - greatest(chemo_last, last_stay) - chemo_behind AS chemo_gap,
  -- Counted to the day up to which bills from elsewhere are complete too.
  least(through - untreated_since, asof() - untreated_since - CAST(param('offsite_wait_days', division, yr()) AS BIGINT)) AS untreated_days,
  -- Counted to the day up to which registrations, and contracts, are told.
  least(asof(), rare_to) - rare_first AS rare_days,
  least(asof(), contracts_to) - chronic_since AS chronic_days,
  -- Follow-ups due so far in the year: the yearly number pro rata of whole months under contract and registered.
  CASE WHEN hbp_on IS NULL OR contract_from IS NULL THEN 0 ELSE greatest(0, months_between(greatest(make_date(CAST(visits_year AS INT), 1, 1), hbp_on, contract_from), visits_through + INTERVAL '1' DAY)) * CAST(param('followup_hbp', division, visits_year) AS BIGINT) / 12 END AS hbp_due,
  CASE WHEN dm_on IS NULL OR contract_from IS NULL THEN 0 ELSE greatest(0, months_between(greatest(make_date(CAST(visits_year AS INT), 1, 1), dm_on, contract_from), visits_through + INTERVAL '1' DAY)) * CAST(param('followup_dm', division, visits_year) AS BIGINT) / 12 END AS dm_due,
  CASE WHEN smi_on IS NULL OR contract_from IS NULL THEN 0 ELSE greatest(0, months_between(greatest(make_date(CAST(visits_year AS INT), 1, 1), smi_on, contract_from), visits_through + INTERVAL '1' DAY)) * CAST(param('followup_smi', division, visits_year) AS BIGINT) / 12 END AS smi_due,
  CASE WHEN tb_on IS NULL OR contract_from IS NULL THEN 0 ELSE greatest(0, months_between(greatest(make_date(CAST(visits_year AS INT), 1, 1), tb_on, contract_from), visits_through + INTERVAL '1' DAY)) * CAST(param('followup_tb', division, visits_year) AS BIGINT) / 12 END AS tb_due
FROM behind

/*---
title: {zh: 县（市、区）, en: County}
subject: county_code
division: county_code
within: {institution: division, village: village_code}
---*/
-- One row per county of the pipeline's code list `division`; small counts only, for rules and indicators at county level.
WITH
v AS (
  SELECT substr(village_code, 1, 6) AS county_code, count(*) AS villages, sum(coalesce(resident_pop, 0)) AS resident_pop,
    count(CASE WHEN is_rural AND NOT is_merged AND NOT is_township_seat AND is_inhabited THEN 1 END) AS villages_due,
    count(CASE WHEN is_rural AND NOT is_merged AND NOT is_township_seat AND is_inhabited
      AND (clinics > 0 OR is_served OR touring_doctors > 0) THEN 1 END) AS villages_covered
  FROM village_cover
  GROUP BY substr(village_code, 1, 6)
),
h AS (
  SELECT county_code, count(*) AS institutions,
    -- These kinds are public by their names; an extract may leave out who owns them. Care of mothers and children alone makes no hospital.
    count(CASE WHEN is_open AND kind IN ('县医院', '县中医院', '县其他医院') THEN 1 END) AS county_hospitals,
    count(CASE WHEN is_open AND kind IN ('县医院', '县中医院', '县其他医院') AND grade_rank >= 2 THEN 1 END) AS grade2_hospitals,
    count(CASE WHEN is_open AND kind IN ('县医院', '县中医院', '县其他医院') AND grade_rank IS NULL THEN 1 END) AS ungraded_hospitals,
    count(CASE WHEN is_open AND kind = '乡镇卫生院' THEN 1 END) AS township_hospitals,
    count(CASE WHEN is_open AND kind = '村卫生室' THEN 1 END) AS village_clinics,
    count(CASE WHEN is_open AND kind = '县医院' AND active_links > 0 THEN 1 END) AS linked_hospitals
  FROM facility
  GROUP BY county_code
),
m AS (
  SELECT substr(village_code, 1, 6) AS county_code,
    count(DISTINCT person_key) AS listed_persons,
    count(DISTINCT CASE WHEN mon_type IS NOT NULL AND NOT coalesce(risk_cleared, false) THEN person_key END) AS monitored_persons,
    count(DISTINCT hh_no) AS listed_households
  FROM poverty_member
  WHERE coalesce(member_change, '') <> '自然减少'
  GROUP BY substr(village_code, 1, 6)
)
SELECT
  d.code AS county_code, d.label AS county_name, d.parent AS city_code, coalesce(CAST(d.poverty832 AS BOOLEAN), false) AS poverty832,
  coalesce(v.villages, 0) AS villages, coalesce(v.villages_due, 0) AS villages_due, coalesce(v.villages_covered, 0) AS villages_covered,
  coalesce(v.resident_pop, 0) AS resident_pop,
  coalesce(h.county_hospitals, 0) AS county_hospitals, coalesce(h.grade2_hospitals, 0) AS grade2_hospitals, coalesce(h.ungraded_hospitals, 0) AS ungraded_hospitals,
  coalesce(h.institutions, 0) AS institutions,
  coalesce(h.township_hospitals, 0) AS township_hospitals, coalesce(h.village_clinics, 0) AS village_clinics, coalesce(h.linked_hospitals, 0) AS linked_hospitals,
  coalesce(m.listed_persons, 0) AS listed_persons, coalesce(m.monitored_persons, 0) AS monitored_persons, coalesce(m.listed_households, 0) AS listed_households
FROM code_division d
LEFT JOIN v ON v.county_code = d.code
LEFT JOIN h ON h.county_code = d.code
LEFT JOIN m ON m.county_code = d.code
WHERE d.level = '3'

/*---
title: {zh: 行政村医疗服务覆盖, en: Village cover}
subject: village_code
division: village_code
trace: {village: [village_code], institution: [village_code], staff: [village_code]}
---*/
-- One row per village with everything that covers it on the night's date: own clinic, joint clinic, the institution that serves it, 巡诊/派驻.
WITH
-- Up to when staff are told, of all feeds that bring them: who works in a clinic that opened later is not.
came AS (
  SELECT min(period) AS staffed_to
  FROM feed_period
  WHERE table_name = 'staff' AND ended IS NOT TRUE
),
clinic AS (
  SELECT org_code, kind, name, village_code, joint_villages, open_date
  FROM institution
  WHERE kind IN ('村卫生室', '乡镇卫生院', '社区中心')
    AND coalesce(status, '1') = '1'
    AND (open_date IS NULL OR open_date <= asof())
    AND (close_date IS NULL OR close_date > asof())
),
site AS (
  SELECT village_code, org_code, true AS own, open_date FROM clinic WHERE village_code IS NOT NULL
  UNION ALL
  SELECT unnest(string_to_array(joint_villages, '|')) AS village_code, org_code, false AS own, open_date FROM clinic WHERE joint_villages IS NOT NULL
),
clinics AS (
  SELECT village_code, sum(CASE WHEN own THEN 1 ELSE 0 END) AS own_clinics, count(org_code) AS clinics, min(org_code) AS clinic_code,
    bool_or(coalesce(open_date <= staffed_to, true)) AS staff_told
  FROM came
  CROSS JOIN (SELECT village_code, org_code, bool_or(own) AS own, min(open_date) AS open_date FROM site GROUP BY village_code, org_code) AS s
  GROUP BY village_code
),
-- qualified and in post; a licence without a recorded end counts as valid
doctor AS (
  SELECT staff_id, org_code, village_code, deploy_type, days_per_week
  FROM staff
  WHERE in_list('licence_village', licence)
    AND (licence_valid_to IS NULL OR licence_valid_to >= asof())
    AND (start_date IS NULL OR start_date <= asof())
    AND (end_date IS NULL OR end_date >= asof())
),
-- posted to the clinic (so it serves each of the clinic's villages) or to the village; 派驻 and 巡诊 need their days in the week
post AS (
  SELECT s.village_code, d.staff_id, d.deploy_type, d.days_per_week FROM site s JOIN doctor d ON d.org_code = s.org_code
  UNION ALL
  SELECT village_code, staff_id, deploy_type, days_per_week FROM doctor WHERE village_code IS NOT NULL
),
posts AS (
  SELECT village_code,
    count(CASE WHEN serves THEN staff_id END) AS doctors,
    count(CASE WHEN tours THEN staff_id END) AS touring_doctors,
    max(touring_days) AS touring_days
  FROM (
    SELECT village_code, staff_id,
      bool_or(coalesce(deploy_type, '本村') NOT IN ('派驻', '巡诊')
        OR coalesce(days_per_week, 0) >= param('touring_days_week', village_code, yr())) AS serves,
      bool_or(deploy_type IN ('派驻', '巡诊')
        AND coalesce(days_per_week, 0) >= param('touring_days_week', village_code, yr())) AS tours,
      max(CASE WHEN deploy_type IN ('派驻', '巡诊') THEN days_per_week END) AS touring_days
    FROM post
    GROUP BY village_code, staff_id
  ) AS p
  GROUP BY village_code
),
-- staff without a valid licence, for the message
any_staff AS (
  SELECT village_code, count(staff_id) AS staff, max(licence_valid_to) AS licence_valid_to
  FROM (
   SELECT village_code, staff_id, max(licence_valid_to) AS licence_valid_to
   FROM (
    SELECT s.village_code, t.staff_id, t.licence_valid_to FROM site s JOIN staff t ON t.org_code = s.org_code
      WHERE t.end_date IS NULL OR t.end_date >= asof()
    UNION ALL
    SELECT village_code, staff_id, licence_valid_to FROM staff
      WHERE village_code IS NOT NULL AND (end_date IS NULL OR end_date >= asof())
   ) AS x
   GROUP BY village_code, staff_id
  ) AS y
  GROUP BY village_code
),
-- clinics that closed: since when the village has none
closed AS (
  SELECT village_code, max(close_date) AS last_closed_on
  FROM institution
  WHERE kind = '村卫生室' AND village_code IS NOT NULL AND close_date <= asof()
  GROUP BY village_code
)
SELECT
  v.village_code,
  v.name AS village_name,
  v.resident_pop, v.households, v.clinic_distance_km, v.merged_on,
  coalesce(v.is_rural, true) AS is_rural,
  coalesce(v.is_township_seat, false) AS is_township_seat,
  v.merged_on IS NOT NULL AND v.merged_on <= asof() AS is_merged,
  coalesce(v.resident_pop, 0) >= param('clinic_min_pop', v.village_code, yr()) OR v.resident_pop IS NULL AS is_inhabited,
  coalesce(c.own_clinics, 0) AS own_clinics,
  coalesce(c.clinics, 0) AS clinics,
  c.clinic_code, coalesce(c.staff_told, true) AS staff_told,
  v.served_by_org,
  h.org_code IS NOT NULL AS is_served,
  coalesce(p.doctors, 0) AS doctors,
  coalesce(p.touring_doctors, 0) AS touring_doctors,
  p.touring_days,
  coalesce(a.staff, 0) AS staff,
  a.licence_valid_to,
  k.last_closed_on
FROM village v
LEFT JOIN clinics c ON c.village_code = v.village_code
LEFT JOIN posts p ON p.village_code = v.village_code
LEFT JOIN any_staff a ON a.village_code = v.village_code
LEFT JOIN closed k ON k.village_code = v.village_code
LEFT JOIN institution h ON h.org_code = v.served_by_org
  AND coalesce(h.status, '1') = '1'
  AND (h.open_date IS NULL OR h.open_date <= asof())
  AND (h.close_date IS NULL OR h.close_date > asof())

/*---
title: {zh: 空白点存量, en: Blank spots}
about: 应设卫生室的行政村中，既无机构覆盖（机构空白点）或有卫生室而无合格医生（人员空白点）的村数，一村只计一次。
unit: count
noun: 个村
better: down
needs: [village, institution, staff]
parts:
  clinic: {zh: 机构空白点, en: Without a clinic}
  doctor: {zh: 人员空白点, en: Without a doctor}
causes: [ORG01, ORG02]
---*/
WITH counted AS (
  SELECT substr(village_code, 1, 6) AS county,
    count(CASE WHEN clinics = 0 AND NOT is_served AND touring_doctors = 0 THEN 1 END) AS clinic,
    count(CASE WHEN clinics > 0 AND staff_told AND doctors = 0 THEN 1 END) AS doctor
  FROM village_cover
  WHERE is_rural AND NOT is_township_seat AND NOT is_merged AND is_inhabited
  GROUP BY substr(village_code, 1, 6)
)
SELECT county, unnest(make_array('', 'clinic', 'doctor')) AS part, unnest(make_array(clinic + doctor, clinic, doctor)) AS numerator
FROM counted

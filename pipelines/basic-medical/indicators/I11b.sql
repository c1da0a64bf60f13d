/*---
title: {zh: 村医达标率, en: Villages with a qualified doctor}
about: 分母为有在用村卫生室的应设行政村；分子为其中有在岗合格医生，或派驻、巡诊达到每周天数的行政村。
unit: percent
noun: 个村
better: up
rank: true
needs: [village, institution, staff]
causes: [ORG02]
---*/
SELECT substr(village_code, 1, 6) AS county, count(CASE WHEN doctors > 0 THEN 1 END) AS numerator, count(*) AS denominator
FROM village_cover
WHERE is_rural AND NOT is_township_seat AND NOT is_merged AND is_inhabited AND clinics > 0 AND staff_told
GROUP BY substr(village_code, 1, 6)

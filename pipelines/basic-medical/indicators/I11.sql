/*---
title: {zh: 村级机构达标率, en: Villages with a clinic}
about: 分母为应设卫生室的行政村（不含居委会、乡镇政府所在村、已撤并村和无常住人口村）；分子为其中有在用村卫生室，或由邻村联合设置、上级机构延伸服务、达到天数的派驻巡诊覆盖的行政村。
unit: percent
noun: 个村
better: up
rank: true
needs: [village, institution, staff]
causes: [ORG01]
---*/
SELECT substr(village_code, 1, 6) AS county,
  count(CASE WHEN clinics > 0 OR is_served OR touring_doctors > 0 THEN 1 END) AS numerator, count(*) AS denominator
FROM village_cover
WHERE is_rural AND NOT is_township_seat AND NOT is_merged AND is_inhabited
GROUP BY substr(village_code, 1, 6)

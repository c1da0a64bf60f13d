/*---
title: {zh: 远程医疗覆盖率, en: Hospitals with telemedicine}
about: 分母为原832个贫困县在用的县医院；分子为其中有在用远程医疗链路的医院。
unit: percent
noun: 所
better: up
rank: true
needs: [institution, telemed_link]
causes: [TEL01]
---*/
SELECT county_code AS county, count(CASE WHEN active_links > 0 THEN 1 END) AS numerator, count(*) AS denominator
FROM facility
WHERE is_open AND kind = '县医院' AND poverty832
GROUP BY county_code

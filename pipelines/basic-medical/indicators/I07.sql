/*---
title: {zh: 大病救治率, en: Major disease treated}
about: 分母为登记有30种大病且未结案的在世患者（不含迁出、参军、服刑、出国人员）；分子为其中没有“未救治”登记，或确诊后已有就诊、结算记录的人数（涉及依法保密病种和罕见病的登记不计为未救治）。按居住地归县。
unit: percent
noun: 人
better: up
rank: true
needs: [disease_reg, settlement, inpatient, resident, death]
causes: [TRT01]
---*/
SELECT county, count(CASE WHEN untreated_n = 0 THEN 1 END) AS numerator, count(*) AS denominator
FROM person
WHERE NOT is_away AND alive AND major_n > 0
GROUP BY county

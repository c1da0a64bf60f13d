/*---
title: {zh: 县域内住院率, en: Stays within the county}
about: 分母为本年度（数据齐全的最近月份所在年度）参保人员的住院结算件数（不含退费和补充报销）；分子为其中在参保县（市、区）内医疗机构住院的件数。“县域”指参保地。
unit: percent
noun: 件
better: up
rank: true
needs: [settlement, institution]
---*/
SELECT substr(insured_div, 1, 6) AS county,
  count(CASE WHEN substr(org_division, 1, 6) = substr(insured_div, 1, 6) THEN 1 END) AS numerator, count(*) AS denominator
FROM closed
JOIN claim ON setl_year = bill_year
WHERE live AND NOT is_supplement AND coalesce(med_type, '') <> '41' AND coalesce(org_kind, '') <> '药店' AND is_inpatient
GROUP BY substr(insured_div, 1, 6)

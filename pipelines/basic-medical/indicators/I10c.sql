/*---
title: {zh: 乡村两级诊疗占比, en: Share of townships and villages}
about: 分母为本年度（数据齐全的最近月份所在年度）在参保县（市、区）内就诊的结算件数；分子为其中在乡镇卫生院、社区卫生服务中心和村卫生室就诊的件数。“县域”指参保地。
unit: percent
noun: 件
better: up
rank: true
needs: [settlement, institution]
---*/
SELECT substr(c.insured_div, 1, 6) AS county,
  count(CASE WHEN k.level IN ('township', 'village') THEN 1 END) AS numerator, count(*) AS denominator
FROM closed y
JOIN claim c ON c.setl_year = y.bill_year
LEFT JOIN code_org_kind k ON k.code = c.org_kind
WHERE c.live AND NOT c.is_supplement AND coalesce(c.med_type, '') <> '41' AND coalesce(c.org_kind, '') <> '药店'
  AND substr(c.org_division, 1, 6) = substr(c.insured_div, 1, 6)
GROUP BY substr(c.insured_div, 1, 6)

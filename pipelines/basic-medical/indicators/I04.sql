/*---
title: {zh: 政策范围内报销比例, en: Reimbursement of in-scope fees}
about: 分母为本年度脱贫人口、监测对象和救助对象住院结算的政策范围内费用之和；分子为各项基金支付之和，不超过政策范围内费用。退费已冲销。按居住地归县。
unit: percent
noun: 元
better: up
rank: true
needs: [settlement, poverty_member, special_group, resident]
causes: [FEE06, FEE04]
---*/
SELECT substr(division, 1, 6) AS county, sum(least(coalesce(fund_pay, 0), coalesce(in_scope, 0))) AS numerator, sum(coalesce(in_scope, 0)) AS denominator
FROM claim
WHERE live AND linked AND is_inpatient AND target_kind IS NOT NULL AND setl_year = yr() AND total_fee > 0
GROUP BY substr(division, 1, 6)

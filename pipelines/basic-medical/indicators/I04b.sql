/*---
title: {zh: 实际报销比例, en: Actual reimbursement}
about: 分母为本年度脱贫人口、监测对象和救助对象住院结算的医疗费总额；分子为各项基金支付之和。退费已冲销。按居住地归县。
unit: percent
noun: 元
better: up
rank: true
needs: [settlement, poverty_member, special_group, resident]
causes: [FEE06]
---*/
SELECT substr(division, 1, 6) AS county, sum(coalesce(fund_pay, 0)) AS numerator, sum(total_fee) AS denominator
FROM claim
WHERE live AND linked AND is_inpatient AND target_kind IS NOT NULL AND setl_year = yr() AND total_fee > 0
GROUP BY substr(division, 1, 6)

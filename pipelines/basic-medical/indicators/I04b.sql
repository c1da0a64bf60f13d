/*---
title: {zh: 实际报销比例, en: Actual reimbursement}
about: 分母为本年度（数据齐全的最近月份所在年度）脱贫人口、监测对象和救助对象住院结算的医疗费总额；分子为各项基金支付之和。同一次就诊的手工补报只计支付，费用不重复计；退费已冲销。按居住地归县。
unit: percent
noun: 元
better: up
rank: true
needs: [settlement, poverty_member, special_group, resident]
causes: [FEE06]
---*/
SELECT county, sum(fund_pay) AS numerator, sum(total_fee) AS denominator, count(DISTINCT person_key) AS persons
FROM (
  SELECT substr(division, 1, 6) AS county, person_key, sum(coalesce(fund_pay, 0) - coalesce(back_fund, 0)) AS fund_pay,
    sum(CASE WHEN is_supplement THEN 0 ELSE total_fee - coalesce(back_fee, 0) END) AS total_fee
  FROM closed
  JOIN claim ON setl_year = bill_year
  WHERE live AND linked AND is_inpatient AND target_kind IS NOT NULL
  GROUP BY substr(division, 1, 6), person_key, visit_id
  -- A bill that tops a visit up has no fee of its own: it has none, or repeats the visit's.
  HAVING sum(CASE WHEN is_supplement THEN 0 ELSE total_fee - coalesce(back_fee, 0) END) > 0
) AS visits
GROUP BY county

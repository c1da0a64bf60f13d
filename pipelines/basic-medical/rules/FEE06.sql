/*---
title: {zh: 实际报销比例低于目标, en: Actual reimbursement below the floor}
over: person
applies: is_target AND stay_total12 >= param('min_actual_fee', division, yr())
needs: [settlement, poverty_member, death]
severity: orange
route: {to: county_insurance, due: 7d, escalate: [14d, 30d]}
evidence:
  - stays: "stays12"
  - total: "stay_total12"
  - fund: "stay_fund12"
  - percent: "CASE WHEN stay_total12 > 0 THEN CAST(100 * stay_fund12 / stay_total12 AS DECIMAL(8,1)) END"
  - floor: "CAST(100 * param('min_actual', division, yr()) AS DECIMAL(8,1))"
message: "近12个月住院结算{stays}次，总费用{total}元，各项基金支付{fund}元，实际报销比例{percent}%，低于{floor}%"
waivers: [系统未同步, 其他]
basis: {text: 脱贫人口和监测对象住院实际报销比例, effective: [2021-01-01, null]}
---*/
-- Only stays while the household was monitored count, or lifted at all; a later reimbursement by hand clears the anomaly,
-- whether its bill repeats the fee or has none.
stay_fund12 < stay_total12 * param('min_actual', division, yr())

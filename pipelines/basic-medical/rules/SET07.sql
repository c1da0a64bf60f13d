/*---
title: {zh: 死亡后发生就诊结算, en: Visit after death}
over: claim
applies: live AND linked AND NOT newborn_dx AND death_date IS NOT NULL AND admit_date IS NOT NULL
needs: [settlement, death]
severity: red
route: {to: county_insurance, due: 3wd, escalate: [7d, 15d]}
evidence: [death_date, org_name, med_type, admit_date, setl_date, total_fee, fund_pay]
message: "登记死亡日期{death_date}，此后{admit_date}仍在{org_name}就诊结算，总费用{total_fee}元，基金支付{fund_pay}元"
waivers: [身份证错误, 其他]
basis: {text: 以就诊（入院）日期与死亡日期比较，不以结算日期比较, effective: [2020-01-01, null]}
---*/
admit_date - death_date > param('death_days', division, yr())

/*---
title: {zh: 结算金额勾稽不平, en: Amounts of a settlement do not add up}
over: claim
applies: live AND total_fee IS NOT NULL
needs: [settlement]
severity: blue
route: {to: county_insurance, due: 30d, escalate: [60d]}
evidence: [org_name, setl_date, total_fee, fund_pay, person_pay, in_scope, diff_total, diff_fund, diff_scope]
message: "{org_name}{setl_date}结算：总费用{total_fee}元，基金支付{fund_pay}元，个人负担{person_pay}元；差额：总费用与基金、个人之和{diff_total}元，基金支付与各项支出之和{diff_fund}元，政策范围金额{diff_scope}元"
waivers: [系统未同步, 其他]
basis: {text: 医保信息平台结算接口（2207）的金额关系, effective: [2020-01-01, null]}
---*/
coalesce(diff_total NOT BETWEEN -param('tol_identity', division, setl_year) AND param('tol_identity', division, setl_year), false)
OR coalesce(diff_fund NOT BETWEEN -param('tol_identity', division, setl_year) AND param('tol_identity', division, setl_year), false)
OR coalesce(diff_scope NOT BETWEEN -param('tol_identity', division, setl_year) AND param('tol_identity', division, setl_year), false)

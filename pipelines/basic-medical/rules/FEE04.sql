/*---
title: {zh: 应享受医疗救助未享受, en: "Entitled to medical assistance, not assisted"}
over: claim
# entitled through the whole visit, deductible of the year passed, cap of the year not reached; off-site bills may be completed later
applies: >-
  live AND linked AND NOT is_supplement AND is_assist_type AND assist_group IS NOT NULL
  AND coalesce(org_kind, '') NOT IN ('诊所', '药店', '村卫生室')
  AND least(assist_base, year_assist_base - param('assist_dedc', division, setl_year)) >= param('assist_min_base', division, setl_year)
  AND coalesce(year_assist_pay, 0) < param('assist_cap', division, setl_year)
  AND (pay_loc = '1' OR asof() - setl_date >= param('offsite_wait_days', division, yr()))
needs: [settlement, special_group, institution]
severity: red
route: {to: county_insurance, due: 3wd, escalate: [7d, 15d]}
evidence: [assist_group, assist_since, org_name, admit_date, setl_date, total_fee, in_scope, basic_pay, critical_pay, assist_base]
message: "{assist_group}（{assist_since}认定），{setl_date}在{org_name}结算，总费用{total_fee}元，基本医保、大病保险等支付后政策范围内尚余{assist_base}元，未见医疗救助支出"
waivers: [系统未同步, 省外就医, 其他]
basis: {text: 国办发〔2021〕42号：对低保对象、特困人员等实施医疗救助, effective: [2021-10-01, null]}
---*/
coalesce(visit_assist_pay, 0) = 0

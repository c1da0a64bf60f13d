/*---
title: {zh: 住院费用未实现一站式结算, en: Inpatient bill not settled at the counter}
over: claim
# accidents (22) need an inquiry first, and bills outside the province may be settled by hand; so may a top-up of a
# stay that was settled at the counter
applies: >-
  live AND linked AND NOT is_supplement AND is_inpatient AND is_assist_type AND coalesce(med_type, '') <> '22' AND NOT newborn_dx
  AND target_kind IS NOT NULL AND pay_loc IN ('1', '2')
  AND months_between(setl_date, asof()) < param('one_stop_months', division, yr())
  AND asof() - out_date >= CASE WHEN pay_loc = '1' THEN param('one_stop_days', division, yr()) ELSE param('offsite_wait_days', division, yr()) END
needs: [settlement, poverty_member, special_group]
severity: orange
route: {to: county_insurance, due: 7d, escalate: [14d, 30d]}
evidence:
  - target_kind
  - org_name
  - admit_date
  - discharge_date
  # for the message
  - discharged: "CASE WHEN discharge_date IS NULL THEN concat('在', org_name, '住院（出院日期未填）') ELSE concat(CAST(discharge_date AS VARCHAR), '在', org_name, '出院') END"
  - setl_date
  - total_fee
  - fund_pay
  - assist_pay
message: "{target_kind}，{discharged}，未在窗口一站式结算，{setl_date}转为手工报销，总费用{total_fee}元，基金支付{fund_pay}元"
waivers: [系统未同步, 其他]
basis: {text: 市域、省域内基本医保、大病保险、医疗救助一站式服务、一窗口办理、一单制结算（甘肃2018年通报的检查项）, effective: [2018-01-01, null]}
---*/
-- That a bill was settled by hand cannot be mended any more: after some time it is history, and no case.
settle_way = '2'

/*---
title: {zh: 结算费用与病案首页费用不一致, en: Settled fee differs from the hospital record}
over: stay
applies: >-
  linked AND dates_ok AND NOT newborn AND NOT claim_newborn AND total_fee > 0 AND claims > 0 AND claim_complete
  AND claim_from - admit_date <= param('tol_days', division, yr())
  AND discharge_date - claim_to <= param('tol_days', division, yr())
needs: [settlement, inpatient, institution]
severity: yellow
route: {to: county_health, due: 15d, escalate: [30d, 60d]}
evidence: [org_name, admit_date, discharge_date, total_fee, {bills: "claims"}, claim_total, diff_fee]
message: "{org_name}：{admit_date}至{discharge_date}住院，病案首页总费用{total_fee}元，医保结算{bills}笔合计{claim_total}元，相差{diff_fee}元"
waivers: [系统未同步, 其他]
basis: {text: 同一次住院的医保结算总额与病案首页总费用应当一致（容差为项目设定）, effective: [2020-01-01, null]}
---*/
diff_fee NOT BETWEEN
  -greatest(param('tol_fee', division, yr()), param('tol_fee_ratio', division, yr()) * total_fee)
  AND greatest(param('tol_fee', division, yr()), param('tol_fee_ratio', division, yr()) * total_fee)

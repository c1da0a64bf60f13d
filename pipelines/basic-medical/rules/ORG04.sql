/*---
title: {zh: 县无县级医院或无二级医院, en: County without a county hospital or one of grade 2}
over: county
# Districts of cities may be served by the city's hospitals: those of the 832 counties are judged, for which the standard was made.
# Of a county that the register of institutions does not have at all nobody knows what is there
applies: poverty832 AND institutions > 0
needs: [institution, village]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 15d]}
evidence:
  - county_name
  - problem: "CASE WHEN county_hospitals = 0 THEN '无在用的县级医院' ELSE '无二级及以上县级医院' END"
  - population: "CAST(resident_pop AS VARCHAR)"
  - pop_line: "CAST(param('grade2_pop', county_code, yr()) AS BIGINT)"
message: "{county_name}{problem}（不含妇幼保健院）；常住人口{population}人，超过{pop_line}人的县应有二级及以上医院"
waivers: [系统未同步, 其他]
basis: {text: 国卫扶贫发〔2019〕45号：每个县有1所公立医院，常住人口超过10万人的县有1所二级医院（按记忆，未核对）, effective: [2019-07-01, null]}
---*/
-- A hospital whose grade nobody filled in may be of grade 2.
county_hospitals = 0 OR (resident_pop > param('grade2_pop', county_code, yr()) AND grade2_hospitals = 0 AND ungraded_hospitals = 0)

/*---
title: {zh: 户人口数与成员数不一致, en: Stated size differs from the members}
over: household
applies: in_list AND members > 0 AND hh_size IS NOT NULL
needs: [poverty_member, poverty_household]
in_time: true
severity: blue
route: {to: township, due: 30d, escalate: [60d]}
evidence:
  - stated: "hh_size"
  - members
message: "登记家庭人口{stated}人，在册成员（不含自然减少）{members}人"
waivers: [系统未同步, 其他]
basis: {text: 账账相符, effective: [2021-01-01, null]}
---*/
hh_size <> members

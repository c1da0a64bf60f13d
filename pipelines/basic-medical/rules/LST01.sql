/*---
title: {zh: 户主缺失或多户主, en: No head or several heads}
over: household
applies: in_list AND members > 0
needs: [poverty_member]
severity: blue
route: {to: township, due: 30d, escalate: [60d]}
evidence:
  - members
  - heads
message: "该户在册成员{members}人，登记户主{heads}人，应为1人"
waivers: [系统未同步, 其他]
basis: {text: 一户一主, effective: [2021-01-01, null]}
alias: ["3_11_001"]
---*/
heads <> 1

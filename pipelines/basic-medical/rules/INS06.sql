/*---
title: {zh: 资助参保未落实, en: Premium subsidy not applied}
over: person
applies: alive AND resident_ins AND insured_in_province AND is_subsidy_eligible
needs: [special_group, poverty_member, insured, resident, death]
severity: red
route: {to: county_insurance, due: 3wd, escalate: [7d, 14d]}
evidence:
  # what the right rests on, on the day that counts, not what they are tonight
  - group: "coalesce(subsidy_group_names, mon_type)"
  - cutoff: "subsidy_cutoff"
  - year: "ins_year"
  - self_paid
message: "{group}，{cutoff}前已具备资助参保资格，{year}年度参加居民医保个人缴费{self_paid}元，资助金额为零"
waivers: [系统未同步, 外省参保]
basis: {text: 全额资助特困人员，定额资助低保对象、返贫致贫人口, source: "国办发〔2021〕42号", effective: [2021-01-01, null]}
---*/
subsidy_amt < param('subsidy_min', division, ins_year)

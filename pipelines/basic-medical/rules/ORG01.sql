/*---
title: {zh: 行政村医疗机构空白点, en: Village without a clinic}
over: village_cover
applies: is_rural AND NOT is_township_seat AND NOT is_merged AND is_inhabited
needs: [village, institution, staff]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 15d]}
evidence: [village_name, {population: "coalesce(CAST(resident_pop AS VARCHAR), '不详')"}, clinic_distance_km, served_by_org, last_closed_on]
message: "{village_name}无在用村卫生室，无邻村联合设置、上级机构延伸服务和达到天数的派驻或巡诊；常住人口（人）：{population}"
waivers: [村撤并, 系统未同步, 其他]
basis: {text: 国卫扶贫发〔2019〕45号：每个行政村有1个卫生室，人口少的村可联合设置，乡镇卫生院所在村可不设（按记忆，未核对）, effective: [2019-07-01, null]}
---*/
clinics = 0 AND NOT is_served AND touring_doctors = 0

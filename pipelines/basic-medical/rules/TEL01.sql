/*---
title: {zh: 脱贫县县医院未开通远程医疗, en: County hospital without telemedicine}
over: facility
applies: is_open AND kind = '县医院' AND poverty832
needs: [institution, telemed_link]
severity: orange
route: {to: county_health, due: 7d, escalate: [14d, 30d]}
evidence: [org_name, grade, links, last_link_closed_on]
message: "{org_name}无在用的远程医疗链路（登记过{links}条）"
waivers: [系统未同步, 其他]
basis: {text: 远程医疗覆盖所有贫困县县级医院（国家卫生健康委2019年2月发布）, effective: [2019-02-01, null]}
---*/
active_links = 0

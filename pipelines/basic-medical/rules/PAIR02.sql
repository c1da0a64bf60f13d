/*---
title: {zh: 对口帮扶派驻人员中断或不足, en: "Posted staff of a pairing missing or too few"}
over: facility
applies: is_open AND pairings > 0 AND paired_days > param('dispatch_gap_days', division, yr())
needs: [institution, pairing, dispatch]
severity: orange
route: {to: county_health, due: 7d, escalate: [14d, 30d]}
evidence: [org_name, upper_org_name, paired_since, {due_staff: "CAST(staff_due AS BIGINT)"}, in_post, in_post_lately, last_left_on, short_postings]
message: "{org_name}由{upper_org_name}对口帮扶，应派驻{due_staff}人，现在岗{in_post}人，计入轮换容许期内离岗人员也仅{in_post_lately}人"
waivers: [系统未同步, 其他]
basis: {text: 三级医院对口帮扶县级医院，派驻人数按协议，无约定的按参数（按记忆，未核对）, effective: [2016-01-01, null]}
---*/
in_post_lately < staff_due

/*---
title: {zh: 对口帮扶到位率, en: Pairings with their staff}
about: 分母为协议生效已超过轮换容许期的受帮扶医院；分子为其中派驻人数（含容许期内轮换离岗的）不少于应派驻人数（生效未满容许期的协议不计）的医院。
unit: percent
noun: 所
better: up
rank: true
needs: [institution, pairing, dispatch]
causes: [PAIR02]
---*/
SELECT county_code AS county, count(CASE WHEN in_post_lately >= staff_due THEN 1 END) AS numerator, count(*) AS denominator
FROM facility
WHERE is_open AND pairings > 0 AND paired_days > param('dispatch_gap_days', division, yr())
GROUP BY county_code

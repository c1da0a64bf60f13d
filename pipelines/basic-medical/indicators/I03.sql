/*---
title: {zh: 三重保障落实率, en: Three layers applied}
about: >-
  分母为本年度（数据齐全的最近月份所在年度）脱贫人口、监测对象和救助对象的住院结算（不含退费、补充报销和身份未能核实的）；分子为其中基本医保已支付，且应享受医疗救助的已享受医疗救助的结算件数。
  应享受按规则 FEE04 的条件判定；大病保险起付与封顶按年累计，单笔结算不判定。按居住地归县。
unit: percent
noun: 件
better: up
rank: true
needs: [settlement, poverty_member, special_group, resident, institution]
causes: [FEE04]
---*/
SELECT county, count(CASE WHEN paid AND (assisted OR NOT assist_due) THEN 1 END) AS numerator, count(*) AS denominator
FROM (
  SELECT substr(division, 1, 6) AS county,
    coalesce(basic_pay, 0) > 0 AS paid,
    coalesce(visit_assist_pay, 0) > 0 AS assisted,
    coalesce(is_assist_type AND assist_group IS NOT NULL
      AND least(assist_base, year_assist_base - param('assist_dedc', division, setl_year)) >= param('assist_min_base', division, setl_year)
      AND coalesce(year_assist_pay, 0) < param('assist_cap', division, setl_year)
      AND (pay_loc = '1' OR asof() - setl_date >= param('offsite_wait_days', division, yr())), false) AS assist_due
  FROM closed
  JOIN claim ON setl_year = bill_year
  WHERE live AND linked AND is_inpatient AND NOT is_supplement AND NOT newborn_dx AND target_kind IS NOT NULL
    AND total_fee > 0
) AS bills
GROUP BY county

/*---
title: {zh: 高额费用预警核查, en: High-cost warnings looked into}
about: 本年度下发的高额费用预警督办件数；“核查排除”为反馈不属实（复核退回的不计）或已豁免的，“超期未核”为已过反馈期限、承办县尚未反馈的。按承办县。
unit: count
noun: 件
needs: [case_file]
parts:
  excluded: {zh: 核查排除, en: Excluded}
  overdue: {zh: 超期未核, en: Overdue}
causes: [FEE01, FEE02]
---*/
WITH counted AS (
  SELECT county, count(*) AS n,
    -- What was sent back because the data still show it is not excluded.
    count(CASE WHEN (outcome = 'not_true' AND state IN ('answered', 'reviewing', 'closed')) OR state = 'waived' THEN 1 END) AS excluded,
    count(CASE WHEN overdue THEN 1 END) AS late
  FROM case_file
  WHERE rule IN ('FEE01', 'FEE02') AND issued >= make_date(CAST(yr() AS INT), 1, 1)
  GROUP BY county
)
SELECT county, unnest(make_array('', 'excluded', 'overdue')) AS part, unnest(make_array(n, excluded, late)) AS numerator
FROM counted

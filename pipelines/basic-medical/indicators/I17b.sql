/*---
title: {zh: 按期整改率, en: Put right in time}
about: >-
  分母为本年度下发（反弹件按重开后的首次下发计）、已办结或反馈期限已过的督办件，不含现处于豁免和转办待承接的，以及按期反馈、待新数据复核的；
  分子为其中按期的件数：经反馈销号的，反馈日期不晚于反馈期限；系统消除及反馈为其他情况而销号的，办结日期不晚于反馈期限。按承办县。
unit: percent
noun: 件
better: up
rank: true
needs: [case_file]
---*/
-- A county answers by its term; when the proof comes is not in its hands.
WITH judged AS (
  SELECT county, due, state IN ('closed', 'vanished') AS done,
    CASE WHEN state = 'closed' AND outcome IN ('fixed', 'not_true') THEN answered ELSE ended END AS settled,
    state IN ('answered', 'reviewing') AND answered <= due AS waits
  FROM case_file
  WHERE issued >= make_date(CAST(yr() AS INT), 1, 1) AND state NOT IN ('waived', 'handed_over')
)
SELECT county, count(CASE WHEN done AND settled <= due THEN 1 END) AS numerator, count(*) AS denominator
FROM judged
WHERE done OR (due < asof() AND NOT coalesce(waits, false))
GROUP BY county

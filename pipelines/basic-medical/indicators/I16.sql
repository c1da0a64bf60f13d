/*---
title: {zh: 异常督办件, en: Cases}
about: >-
  总数为在办存量。下发、反馈、销号、系统消除按本月发生计，反弹件按重开后的首次下发计；豁免为现处于豁免的件数；反弹为在办件中曾办结后又被发现的件数；逾期为已过期限、承办县尚未反馈的件数。
  数据为本夜比对开始前的台账。按承办县。
unit: count
noun: 件
needs: [case_file]
parts:
  issued: {zh: 本月下发, en: Sent out}
  answered: {zh: 本月反馈, en: Answered}
  closed: {zh: 本月销号, en: Closed}
  vanished: {zh: 本月系统消除, en: Gone from the data}
  waived: {zh: 豁免, en: Waived}
  relapsed: {zh: 反弹, en: Relapsed}
  overdue: {zh: 逾期, en: Overdue}
---*/
WITH counted AS (
  SELECT county,
    count(CASE WHEN open THEN 1 END) AS stock,
    count(CASE WHEN date_trunc('month', issued) = date_trunc('month', asof()) THEN 1 END) AS issued,
    count(CASE WHEN date_trunc('month', answered) = date_trunc('month', asof()) THEN 1 END) AS answered,
    count(CASE WHEN state = 'closed' AND date_trunc('month', ended) = date_trunc('month', asof()) THEN 1 END) AS closed,
    count(CASE WHEN state = 'vanished' AND date_trunc('month', ended) = date_trunc('month', asof()) THEN 1 END) AS vanished,
    count(CASE WHEN state = 'waived' THEN 1 END) AS waived,
    count(CASE WHEN open AND relapses > 0 THEN 1 END) AS relapsed,
    count(CASE WHEN overdue THEN 1 END) AS late
  FROM case_file
  GROUP BY county
)
SELECT county,
  unnest(make_array('', 'issued', 'answered', 'closed', 'vanished', 'waived', 'relapsed', 'overdue')) AS part,
  unnest(make_array(stock, issued, answered, closed, vanished, waived, relapsed, late)) AS numerator
FROM counted

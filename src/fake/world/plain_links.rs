//! The tables that are not about persons: telemedicine and the pairing of hospitals.

use chrono::NaiveDate;

use super::draw::{coded, date, plus};
use super::orgs::Site;
use super::rows::{date_or, own, text};
use super::{Record, Value, World};

/// Staff that a pairing agrees on.
const POSTED: usize = 5;

impl World {
    /// The links of a county and their sessions as of a day; nothing where the county has no links.
    /// The third link was given up long ago. `closed`: the others are closed too. `doomed`: nobody
    /// uses them from 30 days before the first night on, whatever the day.
    pub(super) fn telemedicine(
        &self,
        c: usize,
        site: &Site,
        (closed, doomed): (bool, bool),
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let upper = &self.orgs[self.province];
        if !site.poverty832 && !c.is_multiple_of(3) {
            return;
        }
        for (n, kind) in ["会诊", "影像", "心电"].into_iter().enumerate() {
            let link = coded("L", c as u64 * 10 + n as u64, 6);
            // One link of a healthy county was given up long ago: what counts is that another works.
            let off = (closed || n == 2)
                .then(|| if n == 2 { date(2023, 5, 1) } else { plus(self.first(), -30) });
            out(&Record {
                table: "telemed_link",
                person: None,
                fields: vec![
                    ("link_id", text(&link)),
                    ("org_code", text(&self.orgs[site.hospital].code)),
                    ("upper_org_code", text(&upper.code)),
                    ("upper_org_name", text(&upper.name)),
                    ("kind", text(kind)),
                    ("level", text("县")),
                    ("opened_on", Value::Date(date(2019, 1, 15))),
                    ("closed_on", date_or(off)),
                    ("active", Value::Bool(off.is_none())),
                ],
            });
            // Where the link is to be closed nobody uses it any more, whatever the night.
            let until = off.or(doomed.then(|| plus(self.first(), -30))).unwrap_or(asof).min(asof);
            for s in 0..200i64 {
                let day = plus(self.first(), -84 + s * 7 + n as i64);
                if day > until {
                    break;
                }
                out(&Record {
                    table: "telemed_session",
                    person: None,
                    fields: vec![
                        ("session_id", own(coded(&link, s as u64, 3))),
                        ("link_id", text(&link)),
                        ("org_code", text(&self.orgs[site.hospital].code)),
                        ("session_date", Value::Date(day)),
                        ("kind", text(kind)),
                        ("patients", Value::Int(1 + s % 4)),
                        ("minutes", Value::Int(20 + s * 5)),
                    ],
                });
            }
        }
    }

    /// The pairing of a poor county's hospital and the staff that was posted there, as of a day;
    /// nothing where the county is not one of the 832. `empty`: all but the first two have left.
    pub(super) fn pairing(
        &self,
        c: usize,
        site: &Site,
        empty: bool,
        asof: NaiveDate,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        if !site.poverty832 {
            return;
        }
        let agreement = coded("P", c as u64, 4);
        let hospital = &self.orgs[site.hospital];
        let upper = ["天津市三级医院", "北京市三级医院", "省级综合医院"][c % 3];
        let upper_code = coded("UPPER", (c % 3) as u64, 4);
        out(&Record {
            table: "pairing",
            person: None,
            fields: vec![
                ("agreement_no", text(&agreement)),
                ("upper_org_code", text(&upper_code)),
                ("upper_org_name", text(upper)),
                ("org_code", text(&hospital.code)),
                ("start_date", Value::Date(date(2021, 4, 1))),
                ("end_date", Value::Null),
                (
                    "min_staff",
                    if c.is_multiple_of(2) { Value::Int(POSTED as i64) } else { Value::Null },
                ),
            ],
        });
        for n in 0..POSTED + 1 + c % 2 {
            let start = plus(self.first(), -(250 + n as i64 * 17));
            // The first comes to an end by plan, within the tolerated gap; then somebody else follows.
            let end = (empty && n > 1).then(|| plus(self.first(), -65));
            out(&Record {
                table: "dispatch",
                person: None,
                fields: vec![
                    ("dispatch_id", own(coded(&agreement, n as u64, 3))),
                    ("agreement_no", text(&agreement)),
                    ("upper_org_code", text(&upper_code)),
                    ("org_code", text(&hospital.code)),
                    (
                        "name",
                        own([
                            self.doctors[site.hospital].as_str(),
                            ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛"][n % 8],
                        ]
                        .concat()),
                    ),
                    (
                        "specialty",
                        text(["内科", "外科", "妇产科", "儿科", "麻醉", "影像", "检验"][n % 7]),
                    ),
                    (
                        "post",
                        text(
                            ["副院长", "护理部主任", "科主任", "医师", "医师", "技师", "护士"]
                                [n % 7],
                        ),
                    ),
                    ("start_date", Value::Date(start)),
                    ("end_date", date_or(end.filter(|d| *d <= asof))),
                ],
            });
        }
    }
}

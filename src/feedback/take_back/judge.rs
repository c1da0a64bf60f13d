//! Decides about each row of a returned file. Pure: what was read and what the ledger knows go in,
//! verdicts and acts come out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::book::{Hidden, Returned, ReturnedRow};
use super::fields::Fields;
use super::{Line, Receiver, Taken, Verdict, merge, rest};
use crate::feedback::seal;
use crate::ledger::act::{Act, Answer, Draft, Outcome};
use crate::ledger::case::{Case, Cases};
use crate::ledger::state::State;
use crate::privacy::PersonKeys;

/// What is known when a file comes back.
pub struct Desk<'a> {
    pub fields: &'a Fields<'a>,
    pub keys: &'a PersonKeys,
    pub cases: &'a Cases,
    /// Packs that were issued: county, month, day.
    pub packs: &'a BTreeMap<String, (String, String, NaiveDate)>,
    /// Packs that their county has signed for.
    pub signed: &'a BTreeSet<String>,
    /// Files that were taken in, by their BLAKE3: which of them was first, and the day of that.
    pub files: &'a BTreeMap<String, (usize, NaiveDate)>,
    pub receiver: &'a Receiver,
}

/// What becomes of each row of a file.
pub fn judge(desk: &Desk<'_>, returned: &Returned) -> Taken {
    let mut taken = Taken { notes: returned.notes.clone(), ..Taken::default() };
    let origin = match origin(desk, returned, &mut taken) {
        Ok(origin) => origin,
        Err(reason) => {
            taken.refused = Some(reason);
            return taken;
        }
    };
    (taken.pack, taken.county) = (origin.pack.clone(), origin.county.clone());
    let doubles = doubles(desk, &origin, returned);
    let mut above: Option<&BTreeMap<String, String>> = None;
    let mut unrolled: Vec<(BTreeMap<String, String>, Vec<String>)> = Vec::new();
    for (at, row) in returned.rows.iter().enumerate() {
        let mut filled = row.filled.clone();
        let near = at > 0 && returned.rows[at - 1].sheet == row.sheet;
        let before = unrolled.last().map(|(f, _)| f).filter(|_| near);
        let notes = desk.fields.unroll(&mut filled, before);
        unrolled.push((filled, notes));
    }
    for (at, (row, (filled, mut notes))) in returned.rows.iter().zip(unrolled).enumerate() {
        let near = above.is_some_and(|a| a.contains_key("result"));
        above = Some(&row.filled);
        let judged = match doubles.get(&at) {
            Some((verdict, text)) => Err((*verdict, (*text).to_owned())),
            None => one(desk, &origin, returned, row, &filled, near, &mut notes),
        };
        let (verdict, reason) = match judged {
            Ok((draft, text)) => {
                taken.drafts.push(draft);
                notes.insert(0, text);
                (Verdict::Accepted, notes.join("；"))
            }
            Err((verdict, reason)) => (verdict, reason),
        };
        let (sheet, number) = (row.sheet.clone(), row.number.clone());
        taken.lines.push(Line { sheet, row: row.line, number, verdict, reason });
    }
    rest::told(origin.hidden.as_ref(), desk.cases, returned, &mut taken);
    signs(desk, &origin, returned, &mut taken);
    taken
}

/// Where a file comes from.
struct Origin {
    pack: String,
    county: String,
    hidden: Option<Hidden>,
    /// Numbers of the form that no row has: one of them may have been pasted over.
    absent: Vec<String>,
}

/// The county and pack of a file.
fn origin(desk: &Desk<'_>, returned: &Returned, taken: &mut Taken) -> Result<Origin, String> {
    if returned.rows.is_empty() && returned.hidden.is_none() {
        return Err("没有找到“督办编号”和“核查结果”两列，不是反馈整改表".into());
    }
    if returned.several {
        return Err("文件中有不止一份反馈整改表，请逐份报送，一份表一个文件".into());
    }
    let named = desk.receiver.county.as_deref();
    let Some(hidden) = &returned.hidden else {
        let Some(county) = named else {
            return Err(
                "缺少系统页，不能确认是哪个县的表；核实来源后由收件人用 --county 指明".into()
            );
        };
        taken.notes.push("缺少系统页，按收件人指明的县处理，未核对封印".into());
        let pack = newest(desk, county, returned);
        let (county, absent) = (county.to_owned(), Vec::new());
        return Ok(Origin { pack, county, hidden: None, absent });
    };
    let Some((county, month, _)) = desk.packs.get(&hidden.pack) else {
        return Err(format!("台账中没有反馈包 {}，可能来自其他系统", hidden.pack));
    };
    if !hidden.genuine || hidden.division != *county {
        return Err("系统页被改动，不能确认来源，请用原表重新填报".into());
    }
    if named.is_some_and(|n| n != county) {
        return Err(format!("表内县区代码为{county}，与收件人指明的不符"));
    }
    let later = desk.packs.values().filter(|(c, m, _)| c == county && m > month).map(|(_, m, _)| m);
    if let Some(later) = later.max() {
        taken.notes.push(format!("这是{month}的旧表，{later}已有新表；仍在办的件照常收取"));
    }
    let seen: BTreeSet<&str> = returned.rows.iter().map(|r| r.number.as_str()).collect();
    let absent = hidden.seals.keys().filter(|n| !seen.contains(n.as_str())).cloned().collect();
    let (pack, county) = (hidden.pack.clone(), county.clone());
    Ok(Origin { pack, county, hidden: Some(hidden.clone()), absent })
}

/// The newest pack of a county that holds a case of the file.
fn newest(desk: &Desk<'_>, county: &str, returned: &Returned) -> String {
    let own = returned.rows.iter().filter_map(|r| desk.cases.by_number.get(&r.number));
    let packs = own.filter(|c| c.county == county).filter_map(|c| {
        let (owner, _, day) = desk.packs.get(&c.pack)?;
        (owner == county).then(|| (*day, c.pack.clone()))
    });
    packs.max().map_or_else(String::new, |(_, pack)| pack)
}

/// What is said of rows whose case number stands in several, by their places: where they differ, none
/// counts; else the first does. A row under a number that is not its own is no double: its seal tells.
/// Nor is a blank one, as in a copy of the sheet that somebody kept.
fn doubles(
    desk: &Desk<'_>,
    origin: &Origin,
    returned: &Returned,
) -> BTreeMap<usize, (Verdict, &'static str)> {
    let mut by_number: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let says = |row: &ReturnedRow| !row.number.is_empty() && !row.filled.is_empty();
    for (at, row) in returned.rows.iter().enumerate().filter(|(_, r)| says(r)) {
        by_number.entry(&row.number).or_default().push(at);
    }
    let row = |at: usize| &returned.rows[at];
    let mut said = BTreeMap::new();
    for mut places in by_number.into_values().filter(|p| p.len() > 1) {
        places.retain(|at| origin.hidden.is_none() || is_own(desk, origin, row(*at)));
        let differ = places.windows(2).any(|pair| row(pair[0]).filled != row(pair[1]).filled);
        let what = match differ {
            true => (Verdict::Invalid, "同一督办编号有两行，内容不一致，请保留正确的一行重报"),
            false => (Verdict::Ignored, "与本表另一行编号、内容都相同，只取一行"),
        };
        said.extend(places.into_iter().skip(usize::from(!differ)).map(|at| (at, what)));
    }
    said
}

type Judged = Result<(Draft, String), (Verdict, String)>;

/// One row: its case, its seal, its state, its cells.
fn one(
    desk: &Desk<'_>,
    origin: &Origin,
    returned: &Returned,
    row: &ReturnedRow,
    filled: &BTreeMap<String, String>,
    near: bool,
    notes: &mut Vec<String>,
) -> Judged {
    let invalid = |text: String| Err((Verdict::Invalid, text));
    let ignored = |text: String| Err((Verdict::Ignored, text));
    let merged = |columns: &[&str]| merge::told(desk.fields.form(), row, columns);
    if row.number.is_empty() {
        return invalid(match merged(&["number"]) {
            Some(text) => format!("督办编号为空，不能对应到件：{text}"),
            None => "督办编号为空，不能对应到件，请按原表逐行填写".into(),
        });
    }
    let Some(case) = desk.cases.by_number.get(&row.number) else {
        return invalid("台账中没有这个督办编号，请从原表核对".into());
    };
    if case.county != origin.county {
        return Err(of_another(desk, origin, case, row));
    }
    if let Err(text) = sealed(desk, origin, row, notes) {
        return invalid(text);
    }
    if !filled.contains_key("result") {
        let guess = near && !returned.merges_known;
        return Err(without_result(merged(&["result"]), filled.is_empty(), guess));
    }
    if let Some(text) = not_asked(desk, origin, &returned.blake3, case) {
        return ignored(text);
    }
    // What was checked before a case came back says nothing about it now.
    let came_back = case.reopened.map(|day| (day, "重新立案日"));
    let from = came_back.or(case.issued.map(|day| (day, "下发日")));
    let mut answer = match desk.fields.answer(filled, from, desk.receiver.day) {
        Ok(read) => {
            notes.extend(read.notes);
            read.answer
        }
        Err(mut faults) => {
            faults.extend(merged(&[]));
            return invalid(faults.join("；"));
        }
    };
    notes.extend(merged(&[]));
    (answer.pack, answer.file) = (origin.pack.clone(), returned.blake3.clone());
    let goes_on = answer.outcome == Outcome::Fixing;
    if case.answer.as_ref().is_some_and(|before| same(before, &answer)) {
        // It stays refused when the case is in a pack again. A report of progress never was.
        let refused = case.fault.is_some() && !goes_on;
        return ignored(match refused {
            true => "与已退回的反馈相同，请重新核查后再报".into(),
            false => "与上次反馈相同".into(),
        });
    }
    if goes_on && matches!(case.state, State::Answered | State::Reviewing) {
        return ignored("本件已有反馈、正在复核，不改为整改中".into());
    }
    notes.extend(in_place_of(desk, case, answer.outcome));
    let result = word(answer.outcome);
    let label = desk.fields.label("result", &result);
    let text = format!("{}：{label}", what_follows(answer.outcome));
    let act = match goes_on {
        true => Act::Progress(Box::new(answer)),
        false => Act::Answer(Box::new(answer)),
    };
    Ok((draft(desk, &case.number, act), text))
}

/// That an answer is taken in the place of another one: two offices of a county may each send a form.
fn in_place_of(desk: &Desk<'_>, case: &Case, outcome: Outcome) -> Option<String> {
    let (before, day) = case.answer.as_ref().zip(case.answered)?;
    let other = before.outcome != outcome && !case.state.is_waiting();
    let label = desk.fields.label("result", &word(before.outcome)).to_owned();
    other.then(|| format!("取代{day}已收取的“{label}”"))
}

/// What comes of an accepted answer: new extracts prove what was put right, people decide the rest.
fn what_follows(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fixed | Outcome::NotTrue => "已收取，待新数据复核",
        Outcome::Fixing => "已记录进展，期限不变",
        Outcome::Waiver => "已收取，待审批",
        Outcome::Elsewhere => "已收取，待转办",
    }
}

/// What is said of a row whose case another county has: that this one had it, or that it is not its own.
/// Where a case was handed on twice only the form knows that it had it.
fn of_another(
    desk: &Desk<'_>,
    origin: &Origin,
    case: &Case,
    row: &ReturnedRow,
) -> (Verdict, String) {
    let listed = || origin.hidden.is_some() && is_own(desk, origin, row);
    if case.handed_by == origin.county || listed() {
        return (Verdict::Ignored, "本件已转其他县（市、区）办理".into());
    }
    (Verdict::Invalid, "不是本县的督办件，不能由本县反馈".into())
}

/// Why a case takes no answer from this form and file, if it takes none.
fn not_asked(desk: &Desk<'_>, origin: &Origin, file: &str, case: &Case) -> Option<String> {
    if !case.state.is_open() {
        return Some(format!("本件现为“{}”，不需再反馈", case.state.zh()));
    }
    if matches!(case.state, State::Pending | State::HandedOver) {
        return Some(format!("本件现为“{}”，待新的反馈包下发后反馈", case.state.zh()));
    }
    // An old form that comes again still has the answers of its day; a newer one was given since.
    let answer = case.answer.as_ref()?;
    let last = &answer.pack;
    let sent = |pack: &str| desk.packs.get(pack).map(|(_, month, day)| (*day, month.as_str()));
    if sent(&origin.pack).is_some_and(|own| sent(last).is_some_and(|other| other > own)) {
        return Some(format!("本件已在较新的反馈包 {last} 中反馈，不再按旧表收取"));
    }
    // A file that comes again is as old as it was: another one may have corrected it since.
    let came = |file: &str| desk.files.get(file).map(|(place, _)| *place);
    let newer = came(file).is_some_and(|own| came(&answer.file).is_some_and(|other| other > own));
    newer.then(|| "本件在此文件之后已另有反馈，不再按此文件收取".into())
}

/// What is said of a row without a result: its cell is merged with others, all of it is blank, which
/// may be for the same reason where nobody knows, or the result was forgotten.
pub(super) fn without_result(
    merged: Option<String>,
    blank: bool,
    guess: bool,
) -> (Verdict, String) {
    match (merged, blank) {
        (Some(text), _) => (Verdict::Invalid, text),
        (None, true) if guess => {
            let text = "未反馈（整行空白；如与上一行合并，请取消合并后逐行填写）";
            (Verdict::Ignored, text.into())
        }
        (None, true) => (Verdict::Ignored, "未反馈（整行空白）".into()),
        (None, false) => (Verdict::Invalid, "“核查结果”未填".into()),
    }
}

fn word(outcome: Outcome) -> String {
    let value = serde_json::to_value(outcome).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// Do two answers say the same, whatever file they stand in?
fn same(a: &Answer, b: &Answer) -> bool {
    let bare = |x: &Answer| Answer { pack: String::new(), file: String::new(), ..x.clone() };
    bare(a) == bare(b)
}

/// Is it the row that was sent out under its number?
fn is_own(desk: &Desk<'_>, origin: &Origin, row: &ReturnedRow) -> bool {
    sealed(desk, origin, row, &mut Vec::new()).is_ok()
}

/// The same, with what is to be said of it.
fn sealed(
    desk: &Desk<'_>,
    origin: &Origin,
    row: &ReturnedRow,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let Some(hidden) = &origin.hidden else { return Ok(()) };
    let Some((own, _)) = hidden.seals.get(&row.number) else {
        return Err("这个督办编号不在本表下发的清单内，不得自行添加".into());
    };
    let Some(cells) = &row.sealed else {
        notes.push("系统填写的列有缺失，按督办编号收取".into());
        return Ok(());
    };
    // The number itself may have been typed in wide letters; it is what the row was matched by.
    let place = cells.iter().position(|t| super::book::folded(t) == row.number);
    let mut texts: Vec<&str> = cells.iter().map(String::as_str).collect();
    if let Some(place) = place {
        texts[place] = &row.number;
    }
    if seal::row(desk.keys, &hidden.pack, &row.number, &texts) == *own {
        return Ok(());
    }
    // Whose row is it?
    let other = origin.absent.iter().find(|number| {
        let mut texts = texts.clone();
        if let Some(place) = place {
            texts[place] = number.as_str();
        }
        let seal = seal::row(desk.keys, &hidden.pack, number, &texts);
        hidden.seals.get(*number).is_some_and(|(own, _)| *own == seal)
    });
    match other {
        Some(number) => Err(format!("督办编号被改动，本行原为 {number}，请按原表填报")),
        // The form has changed since, and its columns may be others now.
        None if hidden.version != desk.fields.form().version => {
            notes.push("表样已更新，未核对系统填写的列，按督办编号收取".into());
            Ok(())
        }
        None => Err("系统填写的列（灰色）被改动，不能确认是哪一件，请按原表填报".into()),
    }
}

/// The county has its pack: it signs for it with its first return; and the return is recorded.
fn signs(desk: &Desk<'_>, origin: &Origin, returned: &Returned, taken: &mut Taken) {
    if origin.pack.is_empty() {
        return;
    }
    let division = origin.county.clone();
    if !desk.signed.contains(&origin.pack) {
        let act = Act::PackReceive { division: division.clone() };
        taken.drafts.insert(0, draft(desk, &origin.pack, act));
    }
    let act = Act::PackReturn {
        division,
        file: returned.known_as(),
        blake3: returned.blake3.clone(),
        accepted: taken.count(Verdict::Accepted),
        ignored: taken.count(Verdict::Ignored),
        invalid: taken.count(Verdict::Invalid),
    };
    taken.drafts.push(draft(desk, &origin.pack, act));
}

fn draft(desk: &Desk<'_>, about: &str, act: Act) -> Draft {
    let receiver = desk.receiver;
    Draft { about: about.to_owned(), day: receiver.day, actor: receiver.actor.clone(), act }
}

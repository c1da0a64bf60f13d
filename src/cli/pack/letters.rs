//! `bidui pack letters`: one text for each county and kind of letter.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;

use super::{Desk, Where, form};
use crate::anomaly::Memory;
use crate::cli::case::places;
use crate::cli::output;
use crate::error::Result;
use crate::feedback::letters;
use crate::feedback::reveal::Names;
use crate::feedback::show::Shower;
use crate::lake::{durable, names_in};
use crate::ledger::case::Cases;

/// What `bidui pack letters` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Where,
    /// Folder of the letters [default: packs/letters-<day> in the lake].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The day of the letters; of a day that is over, as the ledger stood on it [default: that of
    /// the current night].
    #[arg(long)]
    on: Option<NaiveDate>,
    /// Only this county: its code, or its name.
    #[arg(long)]
    county: Option<String>,
}

/// How the folders of letters are called; the day stands behind it.
const FOLDER: &str = "letters-";

/// Writes the letters.
///
/// # Errors
/// No night, ledger or form for counties; no such county; a damaged ledger; the disk.
pub fn letters(args: &Args) -> Result<ExitCode> {
    let desk = Desk::open(&args.place)?;
    let day = args.on.map_or_else(|| desk.day(), Ok)?;
    let form = form(&desk)?;
    let (memory, names) = (Memory::default(), Names::default());
    let setup = &desk.setup;
    let counties = args.county.as_deref().map(|name| places(&setup.divisions, name, 3));
    let counties = counties.transpose()?;
    let mut cases = known(&desk, args.on)?;
    cases.by_number.retain(|_, case| {
        counties.as_ref().is_none_or(|all| all.iter().any(|code| case.county.starts_with(code)))
    });
    let shower =
        Shower::new(&setup.pipeline, form, &desk.policy, &setup.divisions, &memory, &names);
    let all = letters::letters(&cases, &shower, form, day);
    if all.is_empty() {
        output::say(&format!("截至 {day} 没有逾期的督办件 nothing is overdue"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let home = super::home(&desk, None);
    let folder = args.out.clone().unwrap_or_else(|| home.join(format!("{FOLDER}{day}")));
    durable::create_dir_all(&folder)?;
    let mut table = output::plain_table();
    // The name of a file says county and kind; it is to be copied, and stays whole.
    table.set_header(["文件", "件数", "最长逾期"]);
    for letter in &all {
        // With a byte order mark and line ends that every editor of an office shows well.
        let text = format!("\u{feff}{}", letter.text.replace('\n', "\r\n"));
        durable::write(&folder.join(&letter.file), text.as_bytes())?;
        let counts = [letter.cases.to_string(), format!("{}天", letter.latest)];
        table.add_row(std::iter::once(letter.file.clone()).chain(counts));
    }
    durable::sync_dir(&folder)?;
    output::say(&format!("{}\n目录 folder: {}", output::drawn(table), folder.display()))?;
    // What was written elsewhere is not known here.
    if args.out.is_none() {
        tell_passed_over(&desk, &cases, written_before(&home, day), day);
    }
    Ok(ExitCode::SUCCESS)
}

/// The cases as they are, or as they were at the end of a day: a letter of before must not know
/// what was answered, or fell due, since.
fn known(desk: &Desk, on: Option<NaiveDate>) -> Result<Cases> {
    let Some(day) = on else { return desk.store.cases() };
    // The ledger only goes forward: its days are in order.
    Cases::fold(desk.store.events()?.iter().take_while(|event| event.draft.day <= day))
}

/// The day of the last letters before a day that lie where they lie by default.
fn written_before(home: &Path, day: NaiveDate) -> Option<NaiveDate> {
    let written = |name: String| name.strip_prefix(FOLDER)?.parse::<NaiveDate>().ok();
    names_in(home).into_iter().filter_map(written).filter(|written| *written < day).max()
}

/// Says which milder letters were never written, and how they can still be had.
fn tell_passed_over(desk: &Desk, cases: &Cases, before: Option<NaiveDate>, day: NaiveDate) {
    for ((last, step), count) in letters::passed_over(cases, before, day) {
        let kind = desk.policy.letter(step);
        output::log(&format!(
            "{count} cases came to a later letter before their {kind} was written: `bidui pack \
             letters --on {last}` writes it as of that day"
        ));
    }
}

//! `bidui pack letters`: one text for each county and kind of letter.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;

use super::{Desk, Where, form};
use crate::anomaly::Memory;
use crate::cli::output;
use crate::error::Result;
use crate::feedback::letters;
use crate::feedback::reveal::Names;
use crate::feedback::show::Shower;
use crate::lake::durable;

/// What `bidui pack letters` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Where,
    /// Folder of the letters [default: packs/letters-<day> in the lake].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The day of the letters [default: that of the current night].
    #[arg(long)]
    on: Option<NaiveDate>,
    /// Only counties whose code begins so.
    #[arg(long)]
    county: Option<String>,
}

/// Writes the letters.
///
/// # Errors
/// No night, ledger or form for counties; a damaged ledger; the disk.
pub fn letters(args: &Args) -> Result<ExitCode> {
    let desk = Desk::open(&args.place)?;
    let day = args.on.map_or_else(|| desk.day(), Ok)?;
    let form = form(&desk)?;
    let (memory, names) = (Memory::default(), Names::default());
    let setup = &desk.setup;
    let shower =
        Shower::new(&setup.pipeline, form, &desk.policy, &setup.divisions, &memory, &names);
    let mut all = letters::letters(&desk.store.cases()?, &shower, form, day);
    all.retain(|l| args.county.as_ref().is_none_or(|c| l.county.starts_with(c)));
    if all.is_empty() {
        output::say(&format!("截至 {day} 没有逾期的督办件 nothing is overdue"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = super::home(&desk, None).join(format!("letters-{day}"));
    let folder = args.out.clone().unwrap_or(folder);
    durable::create_dir_all(&folder)?;
    let mut table = output::plain_table();
    table.set_header(["县", "文书", "件数", "最长逾期", "文件"]);
    for letter in &all {
        // With a byte order mark and line ends that every editor of an office shows well.
        let text = format!("\u{feff}{}", letter.text.replace('\n', "\r\n"));
        durable::write(&folder.join(&letter.file), text.as_bytes())?;
        table.add_row([
            letter.name.clone(),
            letter.kind.clone(),
            letter.cases.to_string(),
            format!("{}天", letter.latest),
            letter.file.clone(),
        ]);
    }
    durable::sync_dir(&folder)?;
    output::say(&format!("{}\n目录 folder: {}", output::drawn(table), folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

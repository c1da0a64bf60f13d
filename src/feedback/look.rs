//! How cells look: fonts, colours, borders, and which cells are open.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    Title,
    Subtitle,
    Section,
    /// Bands above the headings: the system's, the county's, the province's.
    BandKey,
    BandFill,
    BandReview,
    HeadKey,
    HeadFill,
    HeadReview,
    /// Grey and locked.
    Key,
    KeyCentre,
    KeyOverdue,
    /// White and open.
    Fill,
    FillCentre,
    FillDate,
    Review,
    Red,
    Orange,
    Yellow,
    Blue,
    LampRed,
    LampYellow,
    LampGreen,
    Plain,
    PlainCentre,
    PlainBold,
    Number,
    NumberBold,
    Text,
    Small,
}

const GREY: u32 = 0x00F2_F2F2;
const LINE: u32 = 0x00BF_BFBF;

/// The format of a look.
pub(super) fn format(look: Look) -> Format {
    let base = Format::new().set_font_name("宋体").set_font_size(10);
    let base = base.set_align(FormatAlign::VerticalCenter).set_text_wrap();
    let box_ = |f: Format| f.set_border(FormatBorder::Thin).set_border_color(Color::RGB(LINE));
    let on = |f: Format, rgb: u32| box_(f).set_background_color(Color::RGB(rgb));
    let centre = |f: Format| f.set_align(FormatAlign::Center);
    let ink = |f: Format, rgb: u32| f.set_font_color(Color::RGB(rgb));
    // A cell of text never computes what somebody types into it.
    let text = |f: Format| f.set_num_format("@");
    let head = |rgb: u32, font: u32| centre(ink(on(base.clone(), rgb).set_bold(), font));
    let lamp = |rgb: u32, font: u32| centre(ink(on(base.clone(), rgb).set_bold(), font));
    match look {
        Look::Title => {
            centre(base.clone().set_font_name("方正小标宋简体").set_font_size(18).set_bold())
        }
        Look::Subtitle => centre(ink(base.clone(), 0x0059_5959)),
        Look::Section => ink(base.clone().set_font_name("黑体").set_font_size(12), 0x001F_3864)
            .set_border_bottom(FormatBorder::Medium)
            .set_border_color(Color::RGB(0x001F_3864)),
        Look::BandKey => head(0x00D9_D9D9, 0x0040_4040),
        Look::BandFill => head(0x00FF_F2CC, 0x007F_6000),
        Look::BandReview => head(0x00DD_EBF7, 0x001F_3864),
        Look::HeadKey => head(0x00E7_E6E6, 0x0026_2626),
        Look::HeadFill => head(0x00FF_F9E5, 0x007F_6000),
        Look::HeadReview => head(0x00EE_F5FB, 0x001F_3864),
        Look::Key => text(on(base.clone(), GREY)),
        Look::KeyCentre => centre(text(on(base.clone(), GREY))),
        Look::KeyOverdue => {
            centre(ink(text(on(base.clone(), 0x00FD_E9E7)), 0x00C0_0000)).set_bold()
        }
        Look::Fill => text(box_(base.clone())).set_unlocked(),
        Look::FillCentre => centre(text(box_(base.clone()))).set_unlocked(),
        Look::FillDate => centre(box_(base.clone())).set_num_format("yyyy-mm-dd").set_unlocked(),
        Look::Review => on(base.clone(), 0x00F7_FBFE),
        Look::Red => lamp(0x00F8_CBAD, 0x00A8_0000),
        Look::Orange => lamp(0x00FC_E4D6, 0x00A0_4400),
        Look::Yellow => lamp(0x00FF_F2CC, 0x007F_6000),
        Look::Blue => lamp(0x00DD_EBF7, 0x001F_4E79),
        Look::LampRed => lamp(0x00D0_312D, 0x00FF_FFFF),
        Look::LampYellow => lamp(0x00FF_C000, 0x0040_3000),
        Look::LampGreen => lamp(0x0038_7F36, 0x00FF_FFFF),
        Look::Plain => box_(base.clone()),
        Look::PlainCentre => centre(box_(base.clone())),
        Look::PlainBold => centre(on(base.clone(), GREY).set_bold()),
        Look::Number => centre(box_(base.clone())).set_num_format("#,##0"),
        Look::NumberBold => centre(on(base.clone(), GREY).set_bold()).set_num_format("#,##0"),
        Look::Text => base.clone().set_font_size(10.5),
        Look::Small => ink(base.clone().set_font_size(9), 0x0059_5959),
    }
}

#include "publish/report_parts.hpp"

namespace hetmem::detail {
namespace {

// No character in here means anything in XML. The machine is drawn in the colours of `hetmem show
// --svg`, which are of a light page; rules that name these colours turn them into those of the
// page. Steps from pale to dark blue after ColorBrewer "Blues" (Cynthia Brewer, Apache-2.0);
// colours of lines and of kinds of memory after Okabe and Ito.
constexpr std::string_view style = R"css(
:root {
  --page: #ffffff; --surface: #f5f7f9; --raised: #ffffff; --edge: #c9d1d8; --ink: #1f2933;
  --quiet: #4c5a67; --link: #0b5394; --focus: #b3450a;
  --error: #a3161b; --error-pale: #fdecec; --warning: #7d4e00; --warning-pale: #fdf3dc;
  --good: #00604a; --info: #0b5394; --info-pale: #e8f1f9;
  --s0: #eff3ff; --s1: #d6e4f4; --s2: #b9d5ea; --s3: #8fc1e0; --s4: #5fa5d3; --s5: #2369a8;
  --s6: #084594; --pale-text: #14202b; --middle-text: #14202b; --deep-text: #ffffff; --hatch: rgba(20, 32, 43, 0.22);
  --dram-dark: #004a75; --dram-pale: #e3f0f8; --hbm-dark: #8a3d00; --hbm-pale: #fcebdf;
  --pmem-dark: #00604a; --pmem-pale: #dff4ee; --cxl-dark: #742c68; --cxl-pale: #f6e6f3;
  --device-dark: #6b5200; --device-pale: #fbf3d5; --other-dark: #424242; --other-pale: #eeeeee;
  --l0: #0072b2; --l1: #c04a00; --l2: #00805d; --l3: #9a3c8a; --l4: #7a5c00;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #12171c; --surface: #1a2127; --raised: #222b33; --edge: #3b4853; --ink: #e6eaee;
    --quiet: #a9b6c2; --link: #82bdf2; --focus: #ffb454;
    --error: #ff9c9c; --error-pale: #3b1d20; --warning: #f2c46d; --warning-pale: #35290f;
    --good: #6fd6b6; --info: #82bdf2; --info-pale: #16293a;
    --s0: #1b2835; --s1: #1d3a52; --s2: #1f4c70; --s3: #255f8f; --s4: #62a3d2; --s5: #97c7e8;
    --s6: #cfe6f7; --pale-text: #f2f6f9; --middle-text: #0d1a26; --deep-text: #0d1a26; --hatch: rgba(230, 234, 238, 0.22);
    --dram-dark: #84c5ef; --dram-pale: #14283a; --hbm-dark: #f5a768; --hbm-pale: #38220f;
    --pmem-dark: #62d4b3; --pmem-pale: #0f2f27; --cxl-dark: #e09ad3; --cxl-pale: #331d2f;
    --device-dark: #e3c15a; --device-pale: #31290f; --other-dark: #c7cdd2; --other-pale: #2a3239;
    --l0: #56b4e9; --l1: #f39a5b; --l2: #4ecfa8; --l3: #dd90d0; --l4: #e6c55c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem; max-width: 80rem;
  background: var(--page); color: var(--ink); line-height: 1.5; overflow-wrap: break-word;
  font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans",
    "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; margin: 0 0 0.4rem; }
h2 { font-size: 1.35rem; margin: 0 0 1rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 0.6rem; }
p { margin: 0 0 1rem; max-width: 46rem; overflow-wrap: anywhere; }
a { color: var(--link); }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.93em;
  background: var(--surface); border-radius: 0.2rem; padding: 0.05em 0.3em; overflow-wrap: anywhere; }
small { display: block; font-size: 0.85rem; color: var(--quiet); }
ul { padding-left: 1.2rem; }
li { overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.heard { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; padding: 0.5rem 1rem; background: var(--raised); z-index: 2; }
header p { color: var(--quiet); margin-bottom: 0.6rem; max-width: none; }
header .above { margin: 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 1rem 0 0;
  padding: 0.6rem 0; border-top: 1px solid var(--edge); border-bottom: 1px solid var(--edge); }
nav a { display: inline-block; padding: 0.25rem 0; }
main:focus { outline: none; }
section { margin-top: 2.75rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--edge); color: var(--quiet); }
.scroll { overflow-x: auto; max-width: 100%; position: relative; }
.warning { color: var(--warning); }

.tiles { list-style: none; padding: 0; margin: 0; display: grid; gap: 0.75rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr)); }
.tiles li { border: 1px solid var(--edge); border-radius: 0.5rem; background: var(--surface); }
.tiles a { display: block; height: 100%; padding: 0.7rem 0.9rem; color: inherit; text-decoration: none; }
.tiles a:hover strong { text-decoration: underline; }
.tiles .name, .tiles .note { display: block; font-size: 0.9rem; color: var(--quiet); }
.tiles strong { display: block; font-size: 1.2rem; }
.tiles .bad { border-left: 0.35rem solid var(--error); }
.tiles .bad strong { color: var(--error); }
.tiles .doubtful { border-left: 0.35rem solid var(--warning); }
.tiles .doubtful strong { color: var(--warning); }

figure { margin: 0 0 1.5rem; }
figcaption { color: var(--quiet); font-size: 0.92rem; margin-top: 0.75rem; max-width: 60rem; }
.places { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); }
.places.alone { max-width: 44rem; grid-template-columns: minmax(0, 1fr); }
.drawing svg { display: block; width: 100%; max-width: 44rem; height: auto; }
.drawing text[fill="#263238"] { fill: var(--ink); }
.drawing text[fill="#607d8b"], .drawing text[fill="#455a64"], .drawing text[fill="#37474f"],
.drawing text[fill="#6d4c41"] { fill: var(--quiet); }
.drawing path[stroke="#607d8b"] { stroke: var(--quiet); }
.drawing rect[fill="#fafbfc"] { fill: var(--surface); }
.drawing rect[fill="#ffffff"] { fill: var(--page); }
.drawing rect[stroke="#b0bec5"] { stroke: var(--edge); }
.drawing text[fill="#004a75"] { fill: var(--dram-dark); }
.drawing rect[fill="#e3f0f8"] { fill: var(--dram-pale); }
.drawing text[fill="#8a3d00"] { fill: var(--hbm-dark); }
.drawing rect[fill="#fcebdf"] { fill: var(--hbm-pale); }
.drawing text[fill="#00604a"] { fill: var(--pmem-dark); }
.drawing rect[fill="#dff4ee"] { fill: var(--pmem-pale); }
.drawing text[fill="#742c68"] { fill: var(--cxl-dark); }
.drawing rect[fill="#f6e6f3"] { fill: var(--cxl-pale); }
.drawing text[fill="#6b5200"] { fill: var(--device-dark); }
.drawing rect[fill="#fbf3d5"] { fill: var(--device-pale); }
.drawing text[fill="#424242"] { fill: var(--other-dark); }
.drawing rect[fill="#eeeeee"] { fill: var(--other-pale); }

table { border-collapse: collapse; }
caption { text-align: left; font-weight: 600; padding: 0 0 0.5rem; overflow-wrap: anywhere; }
th, td { text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.cards { width: 100%; margin: 0 0 1.75rem; }
.cards.ruled { table-layout: fixed; }
.cards th, .cards td { padding: 0.5rem 1rem 0.5rem 0; border-bottom: 1px solid var(--edge);
  font-weight: 400; min-width: 5rem; }
.cards thead th { font-size: 0.9rem; color: var(--quiet); border-bottom-width: 2px; }
.cards tbody th { font-weight: 600; max-width: 22rem; }
.cards tbody th small { font-weight: 400; }
.cards .path { font-size: 0.9rem; }
.cards .good { color: var(--good); }
.cards .doubtful { color: var(--warning); }
.cards td.disturbed, .heat .disturbed { background-image: repeating-linear-gradient(45deg,
  transparent 0 5px, var(--hatch) 5px 7px); }
.cards td.disturbed { padding-left: 0.5rem; }

.maps { display: grid; gap: 1.5rem 2rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); margin-bottom: 1rem; }
.maps.one { grid-template-columns: minmax(0, 1fr); }
.heat th { font-weight: 600; padding: 0.35rem 0.6rem; font-size: 0.92rem; max-width: 11rem;
  overflow-wrap: break-word; }
.heat thead th { text-align: center; vertical-align: bottom; color: var(--quiet); }
.heat tbody th, .heat thead th:first-child { text-align: right; position: sticky; left: 0;
  background: var(--page); }
.heat tbody th { vertical-align: middle; }
.heat caption { white-space: nowrap; }
.heat td { min-width: 4.2rem; height: 2.6rem; padding: 0.3rem 0.5rem; text-align: center;
  vertical-align: middle; border: 2px solid var(--page); overflow-wrap: normal; }
.heat small { font-size: 0.8rem; color: inherit; line-height: 1.2; }
.s0 { background-color: var(--s0); color: var(--pale-text); }
.s1 { background-color: var(--s1); color: var(--pale-text); }
.s2 { background-color: var(--s2); color: var(--pale-text); }
.s3 { background-color: var(--s3); color: var(--pale-text); }
.s4 { background-color: var(--s4); color: var(--middle-text); }
.s5 { background-color: var(--s5); color: var(--deep-text); }
.s6 { background-color: var(--s6); color: var(--deep-text); }
.heat .unknown, .heat .none { background: var(--surface); color: var(--quiet); }
.swatch { display: inline-block; width: 1.5rem; height: 0.9rem; vertical-align: -0.1rem;
  border: 1px solid var(--edge); }
.scale { color: var(--quiet); font-size: 0.95rem; }

.whiskers { display: block; width: 8rem; height: 0.9rem; margin: 0.2rem 0; }
.whiskers path { fill: none; stroke: var(--edge); stroke-width: 1; }
.whiskers .value { stroke: var(--l0); stroke-width: 6; opacity: 0.75; }
.whiskers.disturbed .value { stroke-dasharray: 3 3; }
.whiskers .range { stroke: var(--ink); stroke-width: 1.5; }
.whiskers .declared { stroke: var(--l1); stroke-width: 2.5; }

.curves { display: grid; gap: 1.5rem 2.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.curve { max-width: 36rem; }
.curve h3 { margin-top: 0; }
.curve svg { display: block; width: 100%; height: auto; }
.curve text { fill: var(--ink); font-size: 14px; }
.curve text.axis { fill: var(--quiet); }
.curve .grid { stroke: var(--edge); stroke-width: 1; fill: none; }
.line { fill: none; stroke-width: 2.2; }
.knee { fill: none; stroke: var(--ink); stroke-width: 1.8; }
.line.l0 { stroke: var(--l0); }
.line.l1 { stroke: var(--l1); stroke-dasharray: 8 3; }
.line.l2 { stroke: var(--l2); stroke-dasharray: 3 3; }
.line.l3 { stroke: var(--l3); stroke-dasharray: 10 3 2 3; }
.line.l4 { stroke: var(--l4); stroke-dasharray: 1 4; stroke-linecap: round; }
.mark.l0 { fill: var(--l0); }
.mark.l1 { fill: var(--l1); }
.mark.l2 { fill: var(--l2); }
.mark.l3 { fill: var(--l3); }
.mark.l4 { fill: var(--l4); }
.legend { list-style: none; margin: 0; padding: 0; }
.legend li { display: flex; gap: 0.6rem; align-items: baseline; }
.curve svg.sample { width: 2.25rem; flex: none; }
.points { margin: 0.5rem 0 1rem; display: inline-table; margin-right: 2rem; }
.points th, .points td { padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid var(--edge); }

.finding { border: 1px solid var(--edge); border-left-width: 0.35rem; border-radius: 0.4rem;
  padding: 0.9rem 1.1rem; margin: 0 0 1rem; background: var(--surface); }
.finding h3 { margin: 0 0 0.6rem; }
.finding .what p { margin-bottom: 0.5rem; }
.finding .level { display: inline-block; margin-right: 0.6rem; padding: 0.05rem 0.55rem;
  border-radius: 1rem; border: 1px solid currentColor; font-size: 0.85rem; font-weight: 600; }
.finding .sign { margin-right: 0.35rem; }
.finding.error { border-left-color: var(--error); }
.finding.error .level { color: var(--error); background: var(--error-pale); }
.finding.warning { color: inherit; border-left-color: var(--warning); }
.finding.warning .level { color: var(--warning); background: var(--warning-pale); }
.finding.info { border-left-color: var(--info); }
.finding.info .level { color: var(--info); background: var(--info-pale); }
dl { margin: 0.6rem 0 0; display: grid; grid-template-columns: minmax(0, 9rem) minmax(0, 1fr);
  gap: 0.35rem 1rem; max-width: 60rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin: 0; }
summary { cursor: pointer; padding: 0.25rem 0; overflow-wrap: anywhere; }
details[open] { margin-bottom: 1rem; }
details table { margin-top: 0.5rem; }

@media screen and (max-width: 46rem) {
  h1 { font-size: 1.5rem; }
  .cards, .cards tbody, .cards caption { display: block; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .cards tr { display: block; border: 1px solid var(--edge); border-radius: 0.5rem;
    background: var(--surface); padding: 0.6rem 0.9rem; margin: 0 0 0.75rem; }
  .cards th, .cards td { display: block; border: 0; padding: 0.25rem 0; max-width: none; }
  .cards td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: 0.75rem; }
  .cards td::before { content: attr(data-label); color: var(--quiet); font-size: 0.9rem; }
  .cards td.disturbed { padding-left: 0; }
  .cards colgroup { display: none; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0.1rem; }
  dd { margin-bottom: 0.5rem; }
}
@media print {
  @page { margin: 14mm; }
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  nav, .skip { display: none; }
  a { color: inherit; text-decoration: none; }
  h1 { font-size: 18pt; }
  h2 { font-size: 14pt; }
  section { margin-top: 1.6rem; }
  h2, h3, caption, thead { break-after: avoid; }
  .tiles { grid-template-columns: repeat(3, 1fr); }
  .places { grid-template-columns: minmax(0, 1fr); max-width: 32rem; }
  .curves { grid-template-columns: 1fr 1fr; }
  .maps { grid-template-columns: minmax(0, 1fr); }
  .scroll { overflow: visible; }
  .tiles li, .finding, .curve, tr, svg { break-inside: avoid; }
  .heat th, .heat td { height: auto; min-width: 0; padding: 0.25rem 0.4rem; }
  .heat tbody th, .heat thead th:first-child { position: static; }
  .heat td, .swatch, .disturbed { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .heat.wide th, .heat.wide td { font-size: 6pt; padding: 0.1rem; border-width: 1px; }
  .heat.wide small { font-size: 5pt; }
  details::details-content { content-visibility: visible; height: auto; }
  summary { list-style: none; font-weight: 600; }
}
)css";

} // namespace

std::string_view report_style() {
    return style;
}

} // namespace hetmem::detail

#include "appcore/status/status_assets.hpp"

namespace appcore::status {

// For a phone of 360 pixels first. States differ by word and sign as well as by colour.
Asset status_style() {
    return {R"css(
:root {
  --page: #f4f5f7; --card: #fff; --ink: #16191d; --soft: #59616b; --line: #dde1e6;
  --good: #11734b; --busy: #1458b8; --warn: #8a5300; --bad: #b3261e; --plot: #1458b8;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1215; --card: #191e23; --ink: #e8ebee; --soft: #9ba5b0; --line: #2b323a;
    --good: #52c795; --busy: #7db2ff; --warn: #f0b45a; --bad: #ff8a80; --plot: #7db2ff;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  background: var(--page); color: var(--ink); font: 1rem/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
main { max-width: 64rem; margin: 0 auto; padding: .75rem; }
header {
  --tone: var(--soft); background: var(--card); border: 1px solid var(--line);
  border-left: .5rem solid var(--tone); border-radius: .5rem; padding: .75rem;
}
header p { color: var(--soft); font-size: .8125rem; }
header b { color: var(--ink); white-space: nowrap; }
header ul { margin: .5rem 0 0; padding-left: 1.1rem; font-size: .9375rem; }
header ul:not(:has(li)) { display: none; }
h1 { font-size: 1.375rem; line-height: 1.25; color: var(--tone); }
h1::before { content: "? "; }
[data-state=healthy] { --tone: var(--good); }
[data-state=impaired] { --tone: var(--warn); }
[data-state=unhealthy] { --tone: var(--bad); }
[data-state=healthy] h1::before { content: "\2713\00a0"; }
[data-state=impaired] h1::before { content: "!\00a0"; }
[data-state=unhealthy] h1::before { content: "\2715\00a0"; }
h2 { font-size: 1rem; }
section > h2 { margin: 1.25rem 0 .5rem; }
#age { min-height: 2.6rem; padding: .5rem .25rem; font-size: .875rem; color: var(--soft); }
#tiles { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem; }
article {
  background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .625rem .75rem;
}
article h2 { font-size: .8125rem; font-weight: 600; color: var(--soft); }
article p { font-size: .75rem; line-height: 1.2; color: var(--soft); }
article .big {
  font-size: 1.625rem; line-height: 1.3; font-weight: 650; color: var(--ink);
  white-space: nowrap; letter-spacing: -.01em;
}
svg {
  display: block; width: 100%; height: 2.5rem; margin: .25rem 0 .375rem;
  border-bottom: 1px solid var(--line);
}
path {
  fill: none; stroke: var(--plot); stroke-width: 1.75; vector-effect: non-scaling-stroke;
  stroke-linejoin: round; stroke-linecap: round;
}
article:nth-of-type(2) { --plot: var(--bad); }
[data-as=area] { fill: var(--plot); stroke: none; opacity: .14; }
.hint { margin: .5rem .25rem; font-size: .75rem; color: var(--soft); }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
tbody { display: grid; gap: .5rem; }
tbody tr {
  display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .375rem .5rem;
  background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .625rem .75rem;
}
tbody th { grid-column: span 2; text-align: left; overflow-wrap: anywhere; }
tbody td { padding: 0; white-space: nowrap; }
tbody td:nth-of-type(1) { grid-column: span 2; text-align: right; }
[data-label]::before {
  content: attr(data-label); display: block; font-size: .6875rem; color: var(--soft);
}
td [data-state] {
  --tone: var(--soft); border: 1px solid var(--tone); border-radius: 1rem; padding: .0625rem .5rem;
  color: var(--tone); font-size: .8125rem; font-weight: 600;
}
td [data-state=idle] { --tone: var(--good); }
td [data-state=busy] { --tone: var(--busy); }
td [data-state=stopped] { --tone: var(--warn); }
td [data-state=dead] { --tone: var(--bad); }
[data-state=idle]::before { content: "\25cb\00a0"; }
[data-state=busy]::before { content: "\25cf\00a0"; }
[data-state=stopped]::before { content: "\25a0\00a0"; }
[data-state=dead]::before { content: "\2715\00a0"; }
#statuses {
  display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; padding: 0; margin-top: .5rem;
}
#statuses li {
  background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .25rem .625rem;
}
#statuses [data-state^="5"] { border-color: var(--bad); }
#statuses [data-state^="5"] b { color: var(--bad); }
footer { margin: 1.5rem .25rem .5rem; font-size: .8125rem; color: var(--soft); }
.old main > :not(#age) { opacity: .45; filter: grayscale(1); }
.old #age { color: var(--bad); font-weight: 600; }
@media (min-width: 44rem) {
  main { padding: 1.25rem; }
  #age { min-height: 0; }
  #tiles { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  article .big { font-size: 1.75rem; }
  table {
    background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
    border-collapse: separate; border-spacing: 0;
  }
  thead { position: static; clip-path: none; }
  thead, tbody { display: table-row-group; }
  tbody tr { display: table-row; background: none; }
  th, tbody td, tbody td:nth-of-type(1) {
    padding: .4375rem .625rem; text-align: right; font-size: .875rem;
  }
  th:nth-of-type(1), tbody td:nth-of-type(1) { text-align: left; }
  thead th { font-size: .75rem; color: var(--soft); border-bottom: 1px solid var(--line); }
  thead th:nth-of-type(2) { text-align: left; }
  tbody tr + tr > * { border-top: 1px solid var(--line); }
  [data-label]::before { content: none; }
}
)css",
            "CHqz+kc1DLpX9e94siZuB3O8BUtHB77rNiZLCQsXEGs="};
}

}  // namespace appcore::status

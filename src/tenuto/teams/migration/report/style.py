"""How the page looks; light and dark, narrow and wide, on paper."""

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --paper: #ffffff; --ink: #1b2430; --quiet: #5b6675; --line: #dde2e9;
  --accent: #2f5fd0; --good: #1a7f4b; --good-ground: #e5f5ec; --bad: #b3261e;
  --bad-ground: #fdeceb; --odd: #8a5a00; --odd-ground: #fdf3dc; --head: #eef1f6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c; --paper: #1a2029; --ink: #e6ebf2; --quiet: #9aa7b8; --line: #2e3744;
    --accent: #86aaff; --good: #63d39a; --good-ground: #16342a; --bad: #ff9c94;
    --bad-ground: #40201f; --odd: #f0c36a; --odd-ground: #3a2f17; --head: #222a36;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 4px 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 44px 0 12px; letter-spacing: -0.005em; }
h3 { font-size: 15px; margin: 20px 0 8px; }
p { margin: 8px 0; max-width: 76ch; }
a { color: var(--accent); }
code, pre { font: 12.5px/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
pre {
  margin: 6px 0; padding: 10px 12px; background: var(--head); border-radius: 6px;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.over { color: var(--quiet); font-size: 13px; margin: 0; }
.way { font-size: 16px; color: var(--quiet); }
.way code { font-size: 13.5px; color: var(--ink); }
nav { margin: 16px 0 0; font-size: 14px; display: flex; flex-wrap: wrap; gap: 4px 18px; }
.badge {
  display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 12.5px;
  font-weight: 600; white-space: nowrap; background: var(--head); color: var(--quiet);
}
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
.badge.odd { background: var(--odd-ground); color: var(--odd); }
.verdict {
  display: flex; gap: 16px; align-items: baseline; margin: 20px 0 0; padding: 16px 20px;
  border-radius: 10px; border: 1px solid var(--line); border-left-width: 6px;
  background: var(--paper);
}
.verdict.good { border-left-color: var(--good); }
.verdict.bad { border-left-color: var(--bad); }
.verdict.odd { border-left-color: var(--odd); }
.verdict strong { font-size: 18px; white-space: nowrap; }
.verdict p { margin: 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px;
  margin: 16px 0 0; }
.fact { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 16px; }
.fact b { display: block; font-size: 22px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.fact span { color: var(--quiet); font-size: 13px; }
.fact.bad b { color: var(--bad); } .fact.odd b { color: var(--odd); }
.exits { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 12px; }
.exit { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: 4px 20px 12px; border-top: 3px solid var(--quiet); }
.exit.good { border-top-color: var(--good); }
.exit.bad { border-top-color: var(--bad); }
.exit.odd { border-top-color: var(--odd); }
ul { margin: 8px 0; padding-left: 20px; } li { margin: 4px 0; }
.quiet, .null { color: var(--quiet); } .null { font-style: italic; font-size: 13px; }
.wide { overflow-x: auto; background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; margin: 8px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 600; color: var(--quiet); background: var(--head);
  font-size: 12.5px; white-space: nowrap; }
th, td { padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  margin: 8px 0; }
details > summary { cursor: pointer; padding: 9px 16px; font-weight: 600; }
details > summary span { font-weight: 400; color: var(--quiet); }
details > .in { padding: 0 16px 12px; }
details .wide { margin: 0 0 4px; }
.bar { display: inline-block; width: 64px; height: 7px; border-radius: 4px; margin-right: 8px;
  background: var(--line); overflow: hidden; vertical-align: middle; }
.bar i { display: block; height: 100%; background: var(--good); border-radius: 4px; }
.bar.low i { background: var(--odd); } .bar.time i { background: var(--accent); }
.plot { overflow-x: auto; background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; padding: 20px; }
svg.er { display: block; width: 100%; min-width: 640px; height: auto; margin: 0 auto;
  font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; }
svg.er .box { fill: var(--paper); stroke: var(--line); stroke-width: 1.2; }
svg.er .head { fill: var(--head); } svg.er text { fill: var(--ink); }
svg.er .name { font-weight: 650; font-size: 13px; } svg.er .key { font-weight: 600; }
svg.er .type { fill: var(--quiet); font-size: 11px; }
svg.er .mark { fill: var(--accent); font-size: 9px; }
svg.er .link path { fill: none; stroke: var(--accent); stroke-width: 1.4; opacity: 0.55; }
svg.er .link circle { fill: var(--accent); }
svg.er .link:hover path { opacity: 1; stroke-width: 2.4; }
footer { margin-top: 48px; color: var(--quiet); font-size: 13px; }
@media (max-width: 640px) { main { padding: 20px 14px 48px; } .verdict { display: block; } }
@media print {
  body { background: none; } nav { display: none; }
  .wide, .fact, .exit, details, .verdict { break-inside: avoid; }
}
"""

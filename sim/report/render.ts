/**
 * A run as one self-contained HTML file: no network, no other file, opened from anywhere. What
 * can be read without a script stands in it as text (verdict, counts, weather, plan); the diagram
 * and the panels are drawn by `page/` from the columns that `encode.ts` makes of the trace.
 *
 * Rejected: a server that pages through the trace. A report is something to keep, attach and
 * send.
 */

import type { Violation } from '../invariant.ts'
import type { RunResult } from '../run.ts'
import { encodeReport } from './encode.ts'
import { embedJson, escapeHtml } from './escape.ts'
import { PAGE_SCRIPT, PAGE_STYLE } from './page-source.ts'
import type { Kept } from './report-data.ts'
import { countsTables, formatNumber, planList, weatherTables } from './tables.ts'

export interface ReportOptions {
  /** The one line that reproduces the run; without it the one that suffices where all options are defaults. */
  readonly command?: string
}

/** Violations shown with their events. */
const VIOLATIONS_SHOWN_MAX = 10
/** Scripts and styles of this file alone; nothing is loaded from anywhere. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/** The page of a run that was made with `keepTrace`; without a trace it has the tables alone. */
export function renderReport(result: RunResult, options: ReportOptions = {}): string {
  const data = encodeReport(result)
  const hasTrace = result.trace.length > 0
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Skein run ${result.seed}: ${result.passed ? 'passed' : 'failed'}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<div class="page">
${header(result, data.nodes.length, options.command ?? `skein sim replay ${result.seed}`)}
${violations(result.violations)}
${hasTrace ? leftOut(data.kept) + EXPLORER : '<p class="note">No events were kept: run it with a report to see the diagram.</p>'}
<section class="card run" aria-label="The run">
<div class="tables">${countsTables(result.counts)}${weatherTables(result.weather)}</div>
${planList(result.plan)}
</section>
</div>
${hasTrace ? `<script type="application/json" id="run">${embedJson(data)}</script>\n<script>(() => {\n${PAGE_SCRIPT}\nstartPage(JSON.parse(document.getElementById('run').textContent))\n})()</script>` : ''}
</body>
</html>
`
}

function header(result: RunResult, nodes: number, command: string): string {
  const verdict = result.passed ? '<span class="verdict passed">✔ passed</span>' : '<span class="verdict failed">✘ failed</span>'
  return `<header class="top">
<h1>Skein simulation, seed ${result.seed}</h1>${verdict}
<span class="muted">${nodes} ${nodes === 1 ? 'node' : 'nodes'} · ${formatNumber(Math.round(result.virtualMs) / 1000)} virtual seconds · ${formatNumber(result.counts.events)} events · trace <code>${escapeHtml(result.traceHash)}</code></span>
<span class="reproduce"><code id="command">${escapeHtml(command)}</code><button type="button" id="copy" title="Copy the line that reproduces this run">Copy</button></span>
</header>`
}

function violations(found: readonly Violation[]): string {
  const shown = found.slice(0, VIOLATIONS_SHOWN_MAX).map(
    ({ invariant, message, atMs, events, stack }, index) => `<section class="card violation">
<h2>${escapeHtml(invariant)} <span class="muted">violated at ${(atMs / 1000).toFixed(4)} s</span></h2>
<p>${escapeHtml(message)}</p>${stack === undefined ? '' : `<pre class="mono muted">${escapeHtml(stack)}</pre>`}
<ol id="evidence-${index}">${events.length === 0 ? '' : `<li class="muted">events ${events.map((number) => `#${number}`).join(', ')}</li>`}</ol>
</section>`,
  )
  if (found.length > VIOLATIONS_SHOWN_MAX)
    shown.push(`<p class="note">${found.length - VIOLATIONS_SHOWN_MAX} more violations are not shown.</p>`)
  return shown.join('\n')
}

function leftOut({ total, kept, fromMs, toMs }: Kept): string {
  if (total === kept) return ''
  return `<p class="note">The run has ${formatNumber(total)} events; this page has ${formatNumber(kept)}. All are there from ${(fromMs / 1000).toFixed(3)} s to ${(toMs / 1000).toFixed(3)} s; before that, only what shapes the run (lives, faults, links, phases) and what the violation names. The strip below the diagram is grey where events are missing.</p>`
}

const EXPLORER = `<div class="grid">
<main class="column">
<section class="card" aria-label="Space-time diagram">
<div class="toolbar">
<div class="group" role="group" aria-label="Show">
<label class="toggle"><input type="checkbox" id="show-messages" checked>messages</label>
<label class="toggle"><input type="checkbox" id="show-blocks" checked>blocks</label>
<label class="toggle"><input type="checkbox" id="show-calls" checked>calls</label>
<label class="toggle"><input type="checkbox" id="show-writes" checked>writes</label>
<label class="toggle"><input type="checkbox" id="show-faults" checked>faults</label>
</div>
<div class="group">
<input type="text" id="filter-key" list="keys" placeholder="one key" aria-label="Only what one key went through" autocomplete="off" spellcheck="false"><datalist id="keys"></datalist>
<select id="filter-client" aria-label="Only one client"><option value="">all clients</option></select>
</div>
</div>
<div class="stage">
<canvas id="diagram" tabindex="0" role="img" aria-label="Nodes as lanes, time to the right. The list of events below says the same in words; the arrow keys step through it."></canvas>
<div id="tip" hidden></div>
</div>
<canvas id="minimap" role="img" aria-label="The whole run; drag to move the view"></canvas>
<div class="scrubber">
<div class="group">
<button type="button" id="play" title="Play (space)" aria-label="Play">▶</button>
<button type="button" id="previous" title="Previous event that matters (p)" >‹ prev</button>
<button type="button" id="next" title="Next event that matters (n)" >next ›</button>
<button type="button" id="violation" title="Jump to the violation (v)">violation</button>
</div>
<input type="range" id="scrub" min="0" step="any" aria-label="Moment">
<output id="moment" for="scrub"></output>
<div class="group">
<button type="button" id="zoom-out" title="Zoom out (-)" aria-label="Zoom out">−</button>
<button type="button" id="zoom-in" title="Zoom in (+)" aria-label="Zoom in">+</button>
<button type="button" id="fit" title="Show the whole run (0)">all</button>
</div>
</div>
<p id="selected" aria-live="polite"></p>
<details class="legend"><summary>Legend and keys · <span id="span" class="mono"></span><span id="density" hidden> · many events: counted by time, zoom in to see each</span></summary>
<ul>
<li><b>→</b>blocks, in the colour of the sender</li>
<li><b>⇢</b>messages: heartbeats, announcements</li>
<li><b class="bad">✕</b>lost on the way; a call that failed</li>
<li><b class="good">●</b>a call answered</li>
<li><b class="warn">◆</b>a call whose outcome is unknown</li>
<li><b>━</b>a thick lane: the disk writes a commit</li>
<li><b>╷</b>below a lane: the frontier moved</li>
<li><b>○</b>a process starts; dotted until it serves</li>
<li><b>✕</b>on a lane: killed, upright bars until it is back</li>
<li><b>ϟ</b>power lost, crossed lines</li>
<li><b>■</b>stopped in order, dots</li>
<li><b>▲</b>failed by itself, slanted lines</li>
<li><b class="bad">▨</b>cut by a partition; letters name the sides</li>
<li><b class="warn">▬</b>clogged, paused, disk slow or full</li>
<li><b class="warn">◷</b>a clock jumps or drifts</li>
<li><b class="warn">⛁</b>a disk is wiped, put back, damaged</li>
</ul>
<ul>
<li><kbd>←</kbd> <kbd>→</kbd> event by event</li>
<li><kbd>p</kbd> <kbd>n</kbd> events that matter</li>
<li><kbd>v</kbd> the violation</li>
<li><kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd> zoom, or the wheel</li>
<li><kbd>⇧ ←</kbd> <kbd>⇧ →</kbd> move, or drag</li>
<li><kbd>space</kbd> play</li>
<li><kbd>/</kbd> search</li>
</ul>
</details>
</section>
<section class="card events-card" aria-label="Events">
<div class="head"><h2>Events</h2>
<input type="search" id="search" placeholder="search: words that all occur, #number" aria-label="Search events" spellcheck="false">
<span id="event-count" class="muted" aria-live="polite"></span></div>
<div id="events" role="listbox" tabindex="0" aria-label="Events"></div>
</section>
</main>
<aside class="column">
<section class="card" aria-label="State at the chosen moment"><div id="state"></div></section>
<section class="card" aria-label="History of a key"><h2>History of a key</h2>
<div id="key-history"><p class="muted">Filter by a key, or choose one at a call or a write: all its versions, who won, and why.</p></div></section>
</aside>
</div>
`

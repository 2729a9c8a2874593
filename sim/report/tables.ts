/** The parts of the report that need no script: what the run counted, its weather, its plan. */

import { faultText, timeText } from '../event-text.ts'
import type { Fault, FaultPlan } from '../fault.ts'
import type { Counts } from '../run.ts'
import type { Weather } from '../weather.ts'
import { escapeHtml } from './escape.ts'

/** Faults listed in the page; a plan made for half an hour has some hundreds. */
const FAULTS_LISTED_MAX = 1000

const COUNT_NAMES: Readonly<Record<Exclude<keyof Counts, 'faults'>, string>> = {
  calls: 'calls',
  acknowledgedWrites: 'acknowledged writes',
  reads: 'reads',
  failedCalls: 'failed calls',
  unknownOutcomes: 'unknown outcomes',
  retries: 'retries',
  conflicts: 'conflicts',
  batches: 'batches',
  conditionalWrites: 'conditional writes',
  messages: 'messages',
  pushes: 'pushed blocks',
  blocks: 'fetched blocks',
  disconnections: 'disconnections',
  partitions: 'partitions',
  kills: 'kills',
  powerLosses: 'power losses',
  elections: 'candidacies',
  leaders: 'leaders',
  commits: 'committed blocks',
  adoptions: 'adoptions',
  deadSuffixes: 'dead suffixes',
  switches: 'switches of the mode',
  voterChanges: 'changes of the voters',
  expiries: 'expiries',
  wipedDisks: 'wiped disks',
  restoredDisks: 'restored disks',
  events: 'events',
}

type Line = readonly [name: string, value: string]

export function countsTables(counts: Counts): string {
  const lines: Line[] = []
  for (const [name, value] of Object.entries(counts)) {
    if (typeof value === 'number') lines.push([nameOfCount(name), formatNumber(value)])
  }
  const faults = Object.entries(counts.faults).map(([kind, count]): Line => [kind, formatNumber(count)])
  return table('What happened', lines, 'counts') + table('Faults, as begun', faults, 'counts')
}

export function weatherTables({ network, disk, clockOffsetsMs, faultIntervalsMs, strike }: Weather): string {
  const net: Line[] = [
    ['delay', `${ms(network.delayMinMs)}, on average ${ms(network.delayMeanMs)} more`],
    ['loss', `${share(network.loss)}, sent again after ${ms(network.retransmitMs)}`],
    ['loss of a client’s call or answer', share(network.clientLoss)],
    ['connection breaks', `${share(network.reset)} of messages`],
    ['a cut is noticed after', ms(network.detectMs)],
    ['reconnection every', ms(network.reconnectMs)],
  ]
  const store: Line[] = [
    ['durable write', `${ms(disk.writeMinMs)}, on average ${ms(disk.writeMeanMs)} more`],
    ['append to a log', `${ms(disk.appendMinMs)}, on average ${ms(disk.appendMeanMs)} more`],
    ['read', ms(disk.readMeanMs)],
    ['logs synced every', ms(disk.syncIntervalMs)],
    ['journal released every', ms(disk.releaseIntervalMs)],
  ]
  const strikes: Line[] = [
    ['clocks off by', clockOffsetsMs.map((offset) => ms(offset)).join(', ')],
    ['a strike hits one node', share(strike.one)],
    ['a strike hits all', share(strike.all)],
  ]
  const intervals = Object.entries(faultIntervalsMs).map(([kind, interval]): Line => [kind, `every ${ms(interval)}`])
  return (
    table('Network', net, '') +
    table('Disks', store, '') +
    table('Clocks and strikes', strikes, '') +
    table('Faults, on average', intervals, '')
  )
}

export function planList(plan: FaultPlan): string {
  if (plan.length === 0) return ''
  const items = plan.slice(0, FAULTS_LISTED_MAX).map((fault) => `<li>${planLine(fault)}</li>`)
  const more = plan.length > FAULTS_LISTED_MAX ? `<li class="muted">and ${plan.length - FAULTS_LISTED_MAX} more</li>` : ''
  return `<section class="plan"><h2>Plan of faults</h2><div><ol>${items.join('')}${more}</ol></div></section>`
}

export function formatNumber(value: number): string {
  return value.toLocaleString('en')
}

function planLine(fault: Fault): string {
  return `<span class="mono muted">${timeText(fault.atMs)}</span> ${escapeHtml(faultText(fault))}`
}

function nameOfCount(name: string): string {
  return (COUNT_NAMES as Readonly<Record<string, string>>)[name] ?? name
}

function table(title: string, lines: readonly Line[], className: string): string {
  if (lines.length === 0) return ''
  const rows = lines.map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`)
  return `<section><h2>${escapeHtml(title)}</h2><table class="${className}"><tbody>${rows.join('')}</tbody></table></section>`
}

function ms(value: number): string {
  const size = Math.abs(value)
  if (size >= 1000) return `${Number((value / 1000).toPrecision(4))} s`
  return `${Number(value.toPrecision(3))} ms`
}

function share({ numerator, denominator }: { readonly numerator: number; readonly denominator: number }): string {
  return `${Number(((100 * numerator) / denominator).toPrecision(3))} %`
}

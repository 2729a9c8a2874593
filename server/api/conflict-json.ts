/**
 * Conflict records as JSON, with the rule that decided told as a sentence (RG3). A record holds
 * whole values on both sides, so one key's record alone can be dozens of megabytes; an answer has
 * a budget, and past it values are left out, and said to be, while clocks and rules all stay.
 */

import { type Key, PAGE_BYTES_MAX, unreachable } from '../../base/index.ts'
import type { KeyConflicts } from '../../core/index.ts'
import { type Conflict, type Version, wallFromTimestamp } from '../../crdt/index.ts'
import { formatCursor } from './cursor.ts'
import { keyFields, versionFields } from './item-json.ts'
import { valueFields } from './value-json.ts'

/** Bytes of values that an answer may still take in. */
class ValueBudget {
  #bytesLeft: number

  constructor(bytes: number) {
    this.#bytesLeft = bytes
  }

  get isSpent(): boolean {
    return this.#bytesLeft <= 0
  }

  /** True if `bytes` more fit; they are then taken. */
  take(bytes: number): boolean {
    if (bytes > this.#bytesLeft) {
      this.#bytesLeft = 0
      return false
    }
    this.#bytesLeft -= bytes
    return true
  }
}

/** A page of conflicts, as fields: `"items":[…],"cursor":…`. Past its budget it ends early. */
export function conflictPageFields(keys: readonly KeyConflicts[], next: Key | null): string {
  const budget = new ValueBudget(PAGE_BYTES_MAX)
  const items: string[] = []
  let last = next
  for (const item of keys) {
    items.push(keyConflictsJson(item, budget))
    // The cursor names the last key that is in the page.
    if (budget.isSpent && item !== keys.at(-1)) {
      last = item.key
      break
    }
  }
  return `"items":[${items.join(',')}],"cursor":${last === null ? 'null' : `"${formatCursor('conflicts', last)}"`}`
}

function keyConflictsJson({ key, conflicts }: KeyConflicts, budget: ValueBudget): string {
  return `{${keyFields(key)},"conflicts":[${conflicts.map((conflict) => conflictJson(conflict, budget)).join(',')}]}`
}

/** Why the winner won, in a sentence for people. */
export function explanationOf({ winner, loser, rule }: Conflict): string {
  const unaware = 'written on both sides without knowledge of each other'
  switch (rule) {
    case 'epoch':
      return `${unaware}; the higher epoch wins (${winner.epoch} over ${loser.epoch})`
    case 'timestamp': {
      const aheadMs = wallFromTimestamp(winner.timestamp) - wallFromTimestamp(loser.timestamp)
      return `${unaware}; the later hybrid timestamp wins (by ${aheadMs < 1 ? 'less than 1' : aheadMs} ms)`
    }
    case 'writer':
      return `${unaware}, with equal timestamps; the larger writer name wins (${winner.dot.writer} over ${loser.dot.writer})`
    default:
      return unreachable(rule)
  }
}

function conflictJson(conflict: Conflict, budget: ValueBudget): string {
  const { winner, loser, rule } = conflict
  const explanation = JSON.stringify(explanationOf(conflict))
  return `{"winner":${sideJson(winner, budget)},"loser":${sideJson(loser, budget)},"rule":"${rule}","explanation":${explanation}}`
}

function sideJson(version: Version, budget: ValueBudget): string {
  return `{${versionFields(version)},"epoch":${version.epoch},${sideValueFields(version, budget)},"clock":${clockJson(version)}}`
}

function sideValueFields({ value }: Version, budget: ValueBudget): string {
  if (value === null) return '"value":null,"type":null'
  if (budget.take(value.data.length)) return valueFields(value)
  return `"value":null,"type":"${value.type}","valueOmitted":true`
}

/** The version's vector clock: what its writer knew, and the version itself. */
function clockJson({ dot, dependencies }: Version): string {
  const clock = dependencies.toVector()
  clock.advance(dot.writer, dot.sequence)
  return `{${[...clock.entries()].map(([writer, sequence]) => `"${writer}":${sequence}`).join(',')}}`
}

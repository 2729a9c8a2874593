/** The page's script without a browser: what it computes from a report's data, taken out of the very text that ships. */

import type { RunResult } from '../../sim/index.ts'
import { encodeReport } from '../../sim/report/encode.ts'
import { PAGE_SCRIPT } from '../../sim/report/page-source.ts'
import type { ReportData } from '../../sim/report/report-data.ts'

export interface PageEvents {
  readonly count: number
  readonly number: ArrayLike<number>
  readonly atMs: ArrayLike<number>
  readonly kind: ArrayLike<number>
  readonly node: ArrayLike<number>
}

export interface PageStory {
  readonly data: ReportData
  readonly events: PageEvents
  readonly named: readonly number[]
}

export interface PageNode {
  readonly state: string
  readonly lag: number
  readonly frontier: ReadonlyMap<number, number>
  readonly connected: readonly number[]
  readonly agreesWith: readonly number[]
  readonly disagreesWith: readonly number[]
  readonly digest: { readonly text: string; readonly isEarlier: boolean } | null
}

export interface PageVersion {
  readonly dot: string
  readonly value: string | null
  readonly relation: string
  readonly why: string
  readonly reached: readonly number[]
  readonly answeredRow: number
}

export interface Page {
  openStory(data: ReportData): PageStory
  momentAt(story: PageStory, ms: number): { readonly nodes: readonly PageNode[]; readonly phase: string }
  frontierAt(story: PageStory, node: number, row: number): ReadonlyMap<number, number>
  describe(story: PageStory, row: number): string
  historyOf(story: PageStory, indexes: object, key: number): readonly PageVersion[]
  indexKeys(story: PageStory): object
  indexDependencies(story: PageStory): object
  indexAnswers(story: PageStory): object
}

const NAMES = ['openStory', 'momentAt', 'frontierAt', 'describe', 'historyOf', 'indexKeys', 'indexDependencies', 'indexAnswers']

export const page: Page = new Function(`${PAGE_SCRIPT}\nreturn { ${NAMES.join(', ')} }`)()

/** A run as the page sees it: written, read as JSON, opened. */
export function openRun(result: RunResult): PageStory {
  return page.openStory(JSON.parse(JSON.stringify(encodeReport(result))))
}

export function historyOfKey(story: PageStory, key: string): readonly PageVersion[] {
  const indexes = { keys: page.indexKeys(story), dependencies: page.indexDependencies(story), answers: page.indexAnswers(story) }
  return page.historyOf(story, indexes, story.data.keys.indexOf(key))
}

/**
 * What a mutant is: one planted bug, as a change of text in one source file. Mutants live in the
 * tests alone; the code that ships has no switch for them. `scripts/mutants.mjs` puts each into a
 * copy of the sources and lets the simulator look for it.
 */

export interface Mutant {
  /** In words, with hyphens. */
  readonly name: string
  /** The rule of docs/protocol.md that it breaks. */
  readonly rule: string
  /** The mode of the runs that look for it; multi unless told. */
  readonly mode?: 'leader' | 'mixed'
  /** The kinds of faults that reach it, where others hide it; all unless told. */
  readonly faults?: string
  /** How large the clusters are, where large ones hide it; by the command line unless told. */
  readonly nodes?: number
  /** The bug, in a sentence. */
  readonly what: string
  /** From the root of the repository. */
  readonly file: string
  /** Must be there exactly once. */
  readonly find: string
  readonly replace: string
}

/** How often a text is in another. */
export function countOccurrences(text: string, find: string): number {
  return text.split(find).length - 1
}

/** The source with the bug in it. @throws if the text to change is not there exactly once */
export function plant(source: string, { name, file, find, replace }: Mutant): string {
  const count = countOccurrences(source, find)
  if (count !== 1) throw new Error(`mutant ${name}: the text to change is ${count} times in ${file}; adapt its "find" to today's source`)
  return source.replace(find, () => replace)
}

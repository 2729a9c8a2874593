/** The options of SET and GETEX, which share the words for deadlines. */

import type { Arguments } from '../command.ts'
import { DEADLINE_FORMS, type Deadline, type DeadlineForm, deadlineAt } from './deadline.ts'
import { ArgumentError, SYNTAX_ERROR } from './entry.ts'
import { choiceAt } from './read-words.ts'

export interface SetOptions {
  /** NX: only a key that is not there. XX: only one that is. */
  readonly condition: 'NX' | 'XX' | null
  /** Answers the value before. */
  readonly getsOld: boolean
  readonly keepsTtl: boolean
  readonly deadline: Deadline | null
}

/** Where a deadline stands among the words: it is read later where a command looks at the key first. */
export interface DeadlinePlace {
  readonly form: DeadlineForm
  readonly index: number
}

export type GetExOption = { readonly kind: 'nothing' } | { readonly kind: 'persist' } | ({ readonly kind: 'deadline' } & DeadlinePlace)

const SET_WORDS = ['NX', 'XX', 'GET', 'KEEPTTL', ...DEADLINE_FORMS.keys()]
const GETEX_WORDS = ['PERSIST', ...DEADLINE_FORMS.keys()]

/** @throws ArgumentError */
export function readSetOptions(words: Arguments): SetOptions {
  let condition: 'NX' | 'XX' | null = null
  let getsOld = false
  let keepsTtl = false
  let place: DeadlinePlace | null = null
  for (let i = 3; i < words.length; i++) {
    const option = choiceAt(words, i, SET_WORDS)
    if (option === 'GET') getsOld = true
    else if (option === 'KEEPTTL' && place === null) keepsTtl = true
    else if ((option === 'NX' || option === 'XX') && (condition === null || condition === option)) condition = option
    else {
      place = keepsTtl ? null : deadlinePlace(words, i, option, place)
      if (place === null) throw new ArgumentError(SYNTAX_ERROR)
      i += 1
    }
  }
  return { condition, getsOld, keepsTtl, deadline: place === null ? null : deadlineAt(words, place.index, place.form, 'set') }
}

/** @throws ArgumentError */
export function readGetExOption(words: Arguments): GetExOption {
  let persists = false
  let place: DeadlinePlace | null = null
  for (let i = 2; i < words.length; i++) {
    const option = choiceAt(words, i, GETEX_WORDS)
    if (option === 'PERSIST' && place === null) persists = true
    else {
      place = persists ? null : deadlinePlace(words, i, option, place)
      if (place === null) throw new ArgumentError(SYNTAX_ERROR)
      i += 1
    }
  }
  if (place !== null) return { kind: 'deadline', ...place }
  return { kind: persists ? 'persist' : 'nothing' }
}

/** The deadline that `option` announces, or null: it is none, it has no number, or another form came before it. */
function deadlinePlace(words: Arguments, index: number, option: string | null, before: DeadlinePlace | null): DeadlinePlace | null {
  const form = option === null ? undefined : DEADLINE_FORMS.get(option)
  if (form === undefined || index + 1 >= words.length) return null
  return before !== null && before.form !== form ? null : { form, index: index + 1 }
}

/** The events that a violation names, as buttons that lead to them, and the event that is chosen. */

import { button, element } from './parts.mjs'
import { describe, formatTime, keysOfEvent } from './words.mjs'

/** Keys of one event that are offered. */
const KEYS_SHOWN = 4

/**
 * @param {import('./story.mjs').Story} story
 * @param {(row: number) => void} onSelect
 */
export function showEvidence(story, onSelect) {
  const { events, named, data } = story
  const positions = new Map(named.map((row, position) => [events.number[row], { row, position }]))
  data.violations.forEach((violation, index) => {
    const items = violation.events.map((number) => {
      const found = positions.get(number)
      if (found === undefined) return element('li', 'muted', `#${number} was left out`)
      const { row, position } = found
      const item = element('li', '', '')
      const lead = button('evidence', '', () => onSelect(row))
      lead.append(
        element('span', 'badge', String(position + 1)),
        element('span', 'mono muted', formatTime(events.atMs[row])),
        element('span', 'what', describe(story, row)),
      )
      item.append(lead)
      return item
    })
    document.getElementById(`evidence-${index}`)?.replaceChildren(...items)
  })
}

/**
 * @param {import('./story.mjs').Story} story
 * @param {HTMLElement} box
 * @param {number} row or -1
 * @param {(key: number) => void} onKey
 */
export function showSelected(story, box, row, onKey) {
  if (row < 0) {
    box.replaceChildren(element('span', 'muted', 'Nothing is chosen: click the diagram or an event.'))
    return
  }
  const { events, data } = story
  const keys = [...keysOfEvent(story, row)].slice(0, KEYS_SHOWN)
  box.replaceChildren(
    element('span', 'mono muted', `#${events.number[row]} · ${formatTime(events.atMs[row])} `),
    element('span', '', describe(story, row)),
    ...keys.map((key) => button('chip link', `key ${data.keys[key]}`, () => onKey(key))),
  )
}

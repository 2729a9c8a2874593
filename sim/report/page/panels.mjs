/**
 * The panels beside the diagram: the cluster at the chosen moment, and the history of a key.
 *
 * @typedef {import('./story.mjs').Story} Story
 * @typedef {import('./moment.mjs').NodeMoment} NodeMoment
 */

import { momentAt } from './moment.mjs'
import { button, element } from './parts.mjs'
import { formatTime, nameOf } from './words.mjs'

/** Logs in the table of frontiers: those that nodes differ in come first. */
const WRITERS_SHOWN = 12
const VERSIONS_SHOWN = 200

/**
 * @param {Story} story
 * @param {HTMLElement} box
 * @param {number} ms
 */
export function showMoment(story, box, ms) {
  const moment = momentAt(story, ms)
  const title = element('p', 'moment-time', formatTime(ms))
  if (moment.phase !== '') title.append(element('span', 'muted', ` · ${moment.phase} phase`))
  box.replaceChildren(title, nodeTable(story, moment.nodes, ms), frontierTable(story, moment))
}

/** @param {Story} story @param {NodeMoment[]} nodes @param {number} ms */
function nodeTable(story, nodes, ms) {
  const table = element('table', 'state', '')
  table.append(headOf(['node', 'state', 'lag', 'digest', 'links']))
  const body = element('tbody', '', '')
  for (const node of nodes) {
    const row = element('tr', '', '')
    row.dataset.node = nameOf(story, node.node)
    const name = element('th', '', nameOf(story, node.node))
    name.style.color = `var(--node-${node.node})`
    name.setAttribute('scope', 'row')
    const others = node.connected.map((other) => nameOf(story, other)).join(' ')
    const isWhole = node.connected.length === nodes.length - 1
    row.append(
      name,
      stateCell(node, ms),
      lagCell(node),
      digestCell(story, node, ms),
      element('td', isWhole ? '' : 'less', isWhole ? 'all' : others || '–'),
    )
    body.append(row)
  }
  table.append(body)
  return table
}

/** @param {NodeMoment} node @param {number} ms */
function stateCell(node, ms) {
  const signs = { serving: '●', recovering: '◌', down: '✕' }
  const sinceMs = ms - node.sinceMs
  const since = sinceMs < 1000 ? `${sinceMs.toFixed(0)} ms` : `${(sinceMs / 1000).toFixed(1)} s`
  const cell = element('td', `is-${node.state}`, `${signs[node.state]} ${node.state === 'down' ? node.cause.split(' ')[0] : node.state}`)
  cell.append(element('span', 'muted', node.state === 'down' && node.life === 0 ? '' : ` ${since}`))
  for (const fault of new Set(node.faults)) {
    const times = node.faults.filter((other) => other === fault).length
    cell.append(element('span', 'chip warn', times === 1 ? fault : `${fault} ×${times}`))
  }
  cell.title = node.state === 'down' ? node.cause : `life ${node.life}`
  return cell
}

/** @param {NodeMoment} node */
function lagCell(node) {
  if (node.state === 'down') return element('td', 'number muted', '–')
  const cell = element('td', node.lag > 0 ? 'number less' : 'number', String(node.lag))
  cell.title = `${node.lag} transactions that another node has applied and this one has not`
  return cell
}

/** @param {Story} story @param {NodeMoment} node @param {number} ms */
function digestCell(story, node, ms) {
  if (node.digest === null) return element('td', 'muted', '–')
  const { text, atMs, isEarlier } = node.digest
  const cell = element('td', isEarlier ? 'mono muted' : 'mono', `${text.slice(0, 6)}${isEarlier ? ' before' : ''}`)
  /** @param {number[]} others */
  const names = (others) => others.map((other) => nameOf(story, other)).join(' ')
  if (node.disagreesWith.length > 0) cell.append(element('span', 'chip bad', `≠ ${names(node.disagreesWith)}`))
  else if (node.agreesWith.length > 0) cell.append(element('span', 'chip good', `= ${node.agreesWith.length + 1}`))
  cell.title = `${text}, told ${(ms - atMs).toFixed(0)} ms before${isEarlier ? ', and it has applied more since' : ''}; equal frontiers and equal digests with: ${names(node.agreesWith) || 'nobody'}`
  return cell
}

/** @param {Story} story @param {ReturnType<typeof momentAt>} moment */
function frontierTable(story, { nodes, best }) {
  const writers = [...best.entries()].map(([writer, most]) => ({
    writer,
    most,
    isUneven: nodes.some((node) => node.state !== 'down' && (node.frontier.get(writer) ?? 0) < most),
  }))
  writers.sort((left, right) => Number(right.isUneven) - Number(left.isUneven) || right.writer - left.writer)
  const box = element('div', 'scroll', '')
  const table = element('table', 'frontier', '')
  table.append(element('caption', '', 'Frontier: transactions applied, by log'))
  table.append(headOf(['log', ...story.data.nodes]))
  const body = element('tbody', '', '')
  for (const { writer, most } of writers.slice(0, WRITERS_SHOWN)) {
    const row = element('tr', '', '')
    const name = element('th', 'mono', story.data.writers[writer])
    name.setAttribute('scope', 'row')
    row.append(name)
    for (const node of nodes) {
      const sequence = node.frontier.get(writer) ?? 0
      const isDown = node.state === 'down'
      const cell = element('td', isDown ? 'number muted' : sequence < most ? 'number less' : 'number', isDown ? '–' : String(sequence))
      if (!isDown && sequence < most) cell.title = `${most - sequence} behind`
      row.append(cell)
    }
    body.append(row)
  }
  table.append(body)
  box.append(table)
  if (writers.length > WRITERS_SHOWN) box.append(element('p', 'muted', `and ${writers.length - WRITERS_SHOWN} older logs`))
  if (writers.length === 0) box.append(element('p', 'muted', 'Nothing is applied anywhere.'))
  return box
}

/**
 * @param {Story} story
 * @param {HTMLElement} box
 * @param {number} key
 * @param {import('./key-history.mjs').KeyVersion[]} versions
 * @param {(row: number) => void} onSelect
 */
export function showKey(story, box, key, versions, onSelect) {
  const title = element('p', '', '')
  title.append(
    element('code', 'key', story.data.keys[key]),
    element('span', 'muted', ` · ${versions.length} ${versions.length === 1 ? 'version' : 'versions'}, the highest rank first`),
  )
  const list = element('ol', 'versions', '')
  for (const version of versions.slice(0, VERSIONS_SHOWN)) list.append(versionItem(story, version, onSelect))
  box.replaceChildren(title, list)
  if (versions.length > VERSIONS_SHOWN) box.append(element('p', 'muted', `and ${versions.length - VERSIONS_SHOWN} of lower rank`))
  if (versions.length === 0) box.append(element('p', 'muted', 'Nobody wrote it while events were kept.'))
}

/** @param {Story} story @param {import('./key-history.mjs').KeyVersion} version @param {(row: number) => void} onSelect */
function versionItem(story, version, onSelect) {
  const item = element('li', `version is-${version.relation}`, '')
  const signs = { wins: '★ wins', seen: '↻ overwritten', concurrent: '⚡ concurrent', nowhere: '✕ held by no node' }
  const head = element('div', 'version-head', '')
  const lead = button('link mono', version.dot, () => onSelect(version.sealedRow))
  head.append(
    element('span', `chip ${version.relation}`, signs[version.relation]),
    lead,
    element('span', 'value', version.value ?? 'deleted'),
  )
  const sealedMs = version.sealedRow < 0 ? null : story.events.atMs[version.sealedRow]
  const facts = [
    sealedMs === null ? 'sealed before' : `${nameOf(story, version.node)} at ${formatTime(sealedMs)}`,
    `rank (${version.epoch}, ${version.timestamp}, ${story.data.writers[version.writer]})`,
    version.durableRow < 0 ? 'not seen durable' : '',
    version.answeredRow < 0 ? 'not acknowledged' : `acknowledged at ${formatTime(story.events.atMs[version.answeredRow])}`,
  ]
  const reach = element('div', 'reach', '')
  version.reached.forEach((row, node) => {
    const isThere = row >= 0
    const after = isThere && sealedMs !== null ? `+${(story.events.atMs[row] - sealedMs).toFixed(0)} ms` : isThere ? 'yes' : 'never'
    const chip = element('span', isThere ? 'chip' : 'chip bad', `${nameOf(story, node)} ${after}`)
    reach.append(chip)
  })
  item.append(head, element('div', 'why', version.why), element('div', 'muted', facts.filter((fact) => fact !== '').join(' · ')), reach)
  return item
}

/** @param {readonly string[]} names */
function headOf(names) {
  const head = element('thead', '', '')
  const row = element('tr', '', '')
  for (const name of names) {
    const cell = element('th', '', name)
    cell.setAttribute('scope', 'col')
    row.append(cell)
  }
  head.append(row)
  return head
}

/**
 * Opens the columns that the run was written in (`report-data.ts`): differences become sums,
 * lists become typed arrays. Everything else on the page works on rows of these.
 *
 * @typedef {import('../report-data.ts').ReportData} ReportData
 */

/**
 * The events by row.
 * @param {ReportData} data
 */
export function openEvents(data) {
  const { number, afterUs, kind, node, reference } = data.events
  const count = kind.length
  const events = {
    count,
    number: new Float64Array(count),
    atMs: new Float64Array(count),
    kind: Uint8Array.from(kind),
    node: Int8Array.from(node),
    reference: new Int32Array(count),
  }
  const lastReference = new Int32Array(data.kinds.length)
  let lastNumber = 0
  let atUs = 0
  for (let row = 0; row < count; row++) {
    lastNumber += number[row]
    atUs += afterUs[row]
    lastReference[kind[row]] += reference[row]
    events.number[row] = lastNumber
    events.atMs[row] = atUs / 1000
    events.reference[row] = lastReference[kind[row]]
  }
  return events
}

/**
 * Where each group starts in a table whose groups follow each other; one more at the end.
 * @param {readonly number[]} counts
 */
export function startsOf(counts) {
  const starts = new Int32Array(counts.length + 1)
  for (let row = 0; row < counts.length; row++) starts[row + 1] = starts[row] + counts[row]
  return starts
}

/**
 * The values of a column that holds differences.
 * @param {readonly number[]} differences
 */
export function sumsOf(differences) {
  const sums = new Float64Array(differences.length)
  let sum = 0
  for (let row = 0; row < differences.length; row++) {
    sum += differences[row]
    sums[row] = sum
  }
  return sums
}

/**
 * How many of the rising `values` are at most `limit`.
 * @param {ArrayLike<number>} values
 * @param {number} limit
 */
export function countUpTo(values, limit) {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle] <= limit) low = middle + 1
    else high = middle
  }
  return low
}

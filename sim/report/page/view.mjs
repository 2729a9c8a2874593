/**
 * The part of the run that the diagram shows, as arithmetic: every change stays inside the run and
 * inside the bounds of zooming.
 *
 * @typedef {{ fromMs: number, toMs: number }} Span
 */

/** The least that fills the diagram, in ms. */
export const SPAN_MIN_MS = 0.5
/** A violation's events that lie further apart are shown from their end. */
const FOCUS_MAX_MS = 20_000
const FOCUS_MIN_MS = 60

/**
 * @param {Span} span
 * @param {number} factor below 1 zooms in
 * @param {number} aroundMs stays where it is
 * @param {number} endMs
 * @returns {Span}
 */
export function zoom(span, factor, aroundMs, endMs) {
  const length = Math.min(endMs, Math.max(SPAN_MIN_MS, (span.toMs - span.fromMs) * factor))
  const share = (aroundMs - span.fromMs) / (span.toMs - span.fromMs)
  return inside({ fromMs: aroundMs - share * length, toMs: aroundMs + (1 - share) * length }, endMs)
}

/** @param {Span} span @param {number} byMs @param {number} endMs @returns {Span} */
export function pan(span, byMs, endMs) {
  return inside({ fromMs: span.fromMs + byMs, toMs: span.toMs + byMs }, endMs)
}

/** Shifted as little as needed for `ms` to be in view with some room around it. @param {Span} span @param {number} ms @param {number} endMs @returns {Span} */
export function reveal(span, ms, endMs) {
  const length = span.toMs - span.fromMs
  const margin = length * 0.08
  if (ms >= span.fromMs + margin && ms <= span.toMs - margin) return span
  const isNear = ms > span.fromMs - length && ms < span.toMs + length
  if (!isNear) return inside({ fromMs: ms - length / 2, toMs: ms + length / 2 }, endMs)
  return ms < span.fromMs + margin ? pan(span, ms - margin - span.fromMs, endMs) : pan(span, ms + margin - span.toMs, endMs)
}

/** Around some moments, with room. @param {readonly number[]} moments rising, at least one @param {number} endMs @returns {Span} */
export function focus(moments, endMs) {
  const toMs = moments[moments.length - 1]
  const near = moments.filter((ms) => toMs - ms <= FOCUS_MAX_MS)
  const room = Math.max(FOCUS_MIN_MS, (toMs - near[0]) * 0.2)
  return inside({ fromMs: near[0] - room, toMs: toMs + room }, endMs)
}

/** @param {Span} span @param {number} endMs @returns {Span} */
function inside(span, endMs) {
  const length = Math.min(endMs, span.toMs - span.fromMs)
  const fromMs = Math.min(Math.max(0, span.fromMs), endMs - length)
  return { fromMs, toMs: fromMs + length }
}

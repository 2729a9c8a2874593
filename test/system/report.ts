/** Figures that a proof measured, one line each, for whoever reads the run. */

/** Prints a line; vitest shows it beside the test. */
export function report(line: string): void {
  process.stdout.write(`    measured: ${line}\n`)
}

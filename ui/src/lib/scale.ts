/** The axis of a chart. */

/** Round numbers from 0 to at least `max`, at most five of them, and none below 1 apart. */
export function ticksOf(max: number): number[] {
  const rough = Math.max(1, max / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const count = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** What is there has to be seen, however little it is beside the rest. */
const LEAST_PX = 2;

/** From the ground up: how high each value stands, and how far above the ground it ends. */
export function stackOf(
  values: readonly number[],
  pxPerUnit: number,
): { height: number; end: number }[] {
  const heights = values.map((value) => (value === 0 ? 0 : Math.max(LEAST_PX, value * pxPerUnit)));
  return heights.map((height, index) => ({
    height,
    end: heights.slice(0, index + 1).reduce((sum, each) => sum + each, 0),
  }));
}

const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** A number with room for little: `1.2K`. */
export function formatShort(value: number): string {
  return short.format(value);
}

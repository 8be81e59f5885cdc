/** Where many measurements of one thing lie. */
export interface Spread {
  /** A quarter of them lies below. */
  readonly lower: number;
  readonly median: number;
  /** A quarter of them lies above. */
  readonly upper: number;
}

/** @param values at least one; between two of them the line that joins them counts */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const position = (sorted.length - 1) * share;
    const below = sorted[Math.floor(position)] ?? Number.NaN;
    const above = sorted[Math.ceil(position)] ?? Number.NaN;
    return below + (above - below) * (position % 1);
  };
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

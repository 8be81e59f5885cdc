/** How a figure moves over time. */

export interface Point {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly value: number;
}

const MINUTE_MS = 60_000;

/** Change a minute: the slope of the line of least squares. NaN of fewer than two points. */
export function slopePerMinute(points: readonly Point[]): number {
  const meanAt = mean(points.map(({ at }) => at));
  const meanValue = mean(points.map(({ value }) => value));
  let covariance = 0;
  let variance = 0;
  for (const { at, value } of points) {
    covariance += (at - meanAt) * (value - meanValue);
    variance += (at - meanAt) ** 2;
  }
  return (covariance / variance) * MINUTE_MS;
}

/** The points after the first third: what a program takes to get going says nothing of what it keeps. */
export function afterWarmUp<T extends { readonly at: number }>(points: readonly T[]): T[] {
  const start = (points.at(-1)?.at ?? 0) / 3;
  return points.filter(({ at }) => at >= start);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

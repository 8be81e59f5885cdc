/** Figures as text. */

const NONE = '–';

export function decimals(value: number | undefined, digits: number): string {
  return value === undefined ? NONE : value.toFixed(digits);
}

export function ratio(value: number | undefined, reference: number | undefined): string {
  return value === undefined || reference === undefined ? NONE : (value / reference).toFixed(2);
}

/** @param micros microseconds */
export function duration(micros: number): string {
  return `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 1)} ms`;
}

export function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}

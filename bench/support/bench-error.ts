/** What stops one measurement or the whole run, with a reason for the person who reads the report. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

/** The contender cannot do what the scenario asks for; the report says so and goes on. */
export class NotSupportedError extends Error {
  override readonly name = 'NotSupportedError';
}

/** @returns the reason to print */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

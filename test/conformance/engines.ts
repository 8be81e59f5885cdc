import type { EngineName } from '../support/proxy-under-test.ts';

/** A requirement that an engine is known not to meet. */
export interface Gap {
  /** Why it cannot, for a person who wonders. */
  readonly reason: string;
  /** What the failure says. Any other failure is not this gap. */
  readonly fails: RegExp;
}

export interface EngineUnderTest {
  readonly name: EngineName;
  /** By area and name of the test. */
  readonly gaps: Readonly<Record<string, Readonly<Record<string, Gap>>>>;
}

/**
 * The engines, each with everything of the contract it is known to miss. A gap's test is not skipped: it runs and must
 * fail in the way described here, so a gap that is closed, renamed or changed makes the suite fail until it goes.
 */
export const ENGINES: readonly EngineUnderTest[] = [{ name: 'node', gaps: {} }];

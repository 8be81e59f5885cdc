/** What the suite said: its report, and the tests that failed with the lines that say why. */
import { dig } from '../../deploy/objects.ts';

/** Shown of a failed test: before its last complaint, and from there on. */
const LINES = { before: 4, after: 12 };
const MOST_CHARACTERS = 600;

/** Lines that are no test's. */
const GO_ITSELF = /^(?:=== |\s*--- |PASS$|FAIL$)/;

export interface ProfileVerdict {
  readonly name: string;
  readonly core: Statistics;
  readonly extended: Statistics;
}

export interface Statistics {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failedTests: readonly string[];
}

/** @param report a ConformanceReport */
export function verdicts(report: unknown): ProfileVerdict[] {
  const profiles = (dig(report, 'profiles') ?? []) as readonly unknown[];
  return profiles.map(profile => ({
    name: String(dig(profile, 'name')),
    core: statistics(dig(profile, 'core')),
    extended: statistics(dig(profile, 'extended')),
  }));
}

function statistics(level: unknown): Statistics {
  const count = (name: string): number => Number(dig(level, 'statistics', name) ?? 0);
  const failedTests = ((dig(level, 'failedTests') ?? []) as readonly unknown[]).map(String);
  return { passed: count('Passed'), failed: count('Failed'), skipped: count('Skipped'), failedTests };
}

export function summary(profiles: readonly ProfileVerdict[]): string {
  const part = ({ passed, failed, skipped, failedTests }: Statistics): string =>
    `${passed} passed, ${[failed, 'failed', ...failedTests].join(' ')}, ${skipped} skipped`;
  return profiles
    .map(({ name, core, extended }) => `${name}: core ${part(core)}; extended ${part(extended)}`)
    .join('\n');
}

export interface FailedTest {
  /** As in `HTTPRouteMatching/1_request_to_…`. */
  readonly name: string;
  /** Those it logged about its last complaint; of those that repeat each other, one. */
  readonly lines: readonly string[];
}

/**
 * The failed tests of what a Go test printed with -test.v. Lines of tests that run side by side are told apart by the lines
 * `=== NAME`, `=== CONT` and `=== RUN`.
 */
export function failedTests(output: string): FailedTest[] {
  const logged = new Map<string, string[]>();
  const failed: string[] = [];
  let current = '';
  for (const line of output.split('\n')) {
    const turn = /^=== (?:NAME|CONT|RUN)\s+(\S+)/.exec(line)?.[1];
    const fails = /^\s*--- FAIL: (\S+)/.exec(line)?.[1];
    if (turn !== undefined) current = turn;
    else if (fails !== undefined) failed.push(fails);
    else if (!GO_ITSELF.test(line)) note(logged, current, line);
  }
  // Go says of each test that one of its subtests failed.
  const innermost = failed.filter(name => !failed.some(other => other.startsWith(`${name}/`)));
  return innermost.map(name => ({
    name: name.replace(/^TestConformance\/?/, '') || 'the suite',
    lines: around(logged.get(name) ?? []),
  }));
}

function around(lines: readonly string[]): readonly string[] {
  const complaint = lines.findLastIndex(line => /\sError:/.test(line));
  if (complaint === -1) return lines.slice(-LINES.after);
  return lines.slice(Math.max(0, complaint - LINES.before), complaint + LINES.after);
}

/** The suite writes the same line again as long as it waits. */
function note(logged: Map<string, string[]>, test: string, line: string): void {
  const text = line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z: /, '').slice(0, MOST_CHARACTERS);
  const lines = logged.get(test) ?? [];
  if (text.trim() !== '' && text !== lines.at(-1)) lines.push(text);
  logged.set(test, lines);
}

/** `npm run bench`: kube-entry and other proxies side by side on this machine. `-- --help` lists the options. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from './contenders/contender.ts';
import { describeMachine } from './measure/machine.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { racesOf } from './races.ts';
import { chart } from './report/chart.ts';
import { COMPARISONS } from './report/figures.ts';
import { markdown } from './report/markdown.ts';
import type { ContenderFacts, RaceResult, Report } from './report/report.ts';
import { runRace } from './run-race.ts';
import { BenchError, NotSupportedError, reasonOf } from './support/bench-error.ts';
import { pinThisProcess, splitCpus } from './support/cpus.ts';

/** Above this something else is running, and figures are not worth publishing. */
const QUIET_LOAD = 0.5;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.isHelp) process.stdout.write(USAGE);
    else process.stdout.write(`\n${markdown(await run(options))}`);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError || error instanceof NotSupportedError)) throw error;
    process.stderr.write(`bench: ${error.message}\n`);
    return 1;
  }
}

async function run(options: Options): Promise<Report> {
  const machine = describeMachine();
  const cpus = splitCpus();
  pinThisProcess(cpus.load);
  if (machine.loadBefore > QUIET_LOAD) {
    progress(`the load average is ${machine.loadBefore.toFixed(2)}: figures will be noisy`);
  }
  const folder = temporaryFolder();
  const races = racesOf(options, COMPARISONS);
  const plan = { ...options, cpus, folder, progress };
  const results: RaceResult[] = [];
  const { rounds, seconds } = options;
  const report: Report = {
    ...{ date: new Date().toISOString(), machine, rounds, seconds },
    contenders: options.contenders.map(factsOf),
    scenarios: options.scenarios.map(({ name, title, unit }) => ({ name, title, unit })),
    races: results,
  };
  for (const race of races) {
    results.push({ name: race.name, entries: await runRace(race, plan) });
    // A run takes long: what ends it early must not take what was measured before.
    if (options.out !== undefined) publish(report, options.out);
  }
  return report;
}

function factsOf(contender: Contender): ContenderFacts {
  const { name, title } = contender;
  try {
    return { name, title, version: contender.version() };
  } catch (error) {
    return { name, title, version: reasonOf(error) };
  }
}

/** For everything that programs read and write; gone when this process is. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kube-entry-bench-'));
  // nginx's worker runs as another user when its master is root.
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // The programs themselves end with their parent.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  return folder;
}

function publish(report: Report, out: string): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'results.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(out, 'results.md'), markdown(report));
  const picture = chart(report);
  if (picture !== undefined) writeFileSync(join(out, 'chart.svg'), picture);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

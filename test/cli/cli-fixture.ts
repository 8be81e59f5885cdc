/** What the tests of the command line share. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';
import { PLAIN } from '../../src/text/colour.ts';
import { atEnd } from '../support/cleanup.ts';
import { programFile } from '../support/program-file.ts';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const MAIN = programFile();

export interface World {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a command in this process. */
export async function runHere(argv: readonly string[], { environment = {}, input = '' }: World = {}): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  let unread = input;
  const io: Io = {
    environment,
    paint: PLAIN,
    terminal: undefined,
    onStop: () => () => {},
    print: lines => {
      stdout += `${lines}\n`;
    },
    complain: lines => {
      stderr += `${lines}\n`;
    },
    readInput: async () => {
      const all = unread;
      unread = '';
      return all;
    },
    openInput: () => Readable.from([Buffer.from(input)]),
  };
  return { code: await run(argv, io), stdout, stderr };
}

/** Runs the real executable, without this process's KUBE_ENTRY_ variables. */
export async function spawnCli(
  argv: readonly string[],
  { environment = {}, input = '' }: World = {},
): Promise<Outcome> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('KUBE_ENTRY_'));
  const child = spawn(process.execPath, [MAIN, ...argv], { env: { ...Object.fromEntries(inherited), ...environment } });
  child.stdin.on('error', () => {}); // A command that does not read its input may end before it is written.
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>(fulfil => child.once('close', fulfil)),
  ]);
  return { code, stdout, stderr };
}

/** A directory of its own for one test; short, because a unix socket's path holds at most 107 bytes. */
export async function scratchDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ke-cli-'));
  atEnd(context, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function writeManifest(context: TestContext, yaml: string): Promise<string> {
  const file = join(await scratchDirectory(context), 'services.yaml');
  await writeFile(file, yaml);
  return file;
}

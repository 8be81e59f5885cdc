/** The commands of guides in deploy, run as a reader would run them. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { programFile } from '../support/program-file.ts';
import { textOf } from './objects.ts';

const TIMEOUT_MS = 180_000;

/**
 * `local` ones need a running instance with its admin socket in the working directory, `cluster` ones a cluster with nginx-kit,
 * `ingress` ones a cluster with ingress-nginx.
 */
export type Place = 'local' | 'cluster' | 'ingress';

export interface Block {
  readonly place: Place;
  readonly commands: string;
}

/** All blocks of commands of a guide, in order. @throws Error for a block that does not say where it can be run */
export function blocks(guide: 'migration.md' | 'gateway.md' = 'migration.md'): Block[] {
  return [...textOf(guide).matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', commands = '']) => {
    const place = /^sh (local|cluster|ingress)$/.exec(info)?.[1];
    if (place === undefined) throw new Error(`where can this be run? ${info}`);
    return { place: place as Place, commands };
  });
}

export interface Ran {
  readonly commands: string;
  readonly output: string;
}

export interface World {
  /** The working directory; its folder `bin` comes first in $PATH. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs blocks one after the other in one shell. @throws Error with all output at the first command that fails */
export async function follow(some: readonly Block[], { folder, environment = {} }: World): Promise<Ran[]> {
  const mark = '--- the next block';
  const script = some.map(({ commands }) => `echo '${mark}'\n${commands}`).join('');
  const output = await new Promise<string>((resolve, reject) => {
    const env = { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter), HOME: folder, ...environment };
    const options = { cwd: folder, env, timeout: TIMEOUT_MS };
    // Without --norc bash reads its rc files: standard input being a socket, it takes itself for a remote shell.
    execFile('bash', ['--norc', '-euo', 'pipefail', '-c', script], options, (error, printed, complaints) => {
      if (error === null) resolve(printed);
      else reject(new Error(`${printed}\n${complaints}`, { cause: error }));
    });
  });
  const outputs = output.split(`${mark}\n`).slice(1);
  return some.map(({ commands }, index) => ({ commands, output: outputs[index] ?? '' }));
}

/** Puts a shell script into the folder's `bin`. */
export function addCommand(folder: string, name: string, script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/usr/bin/env bash\nset -euo pipefail\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** The program of this checkout under its name. */
export function addProgram(folder: string): void {
  addCommand(folder, 'kube-entry', `exec '${process.execPath}' '${programFile()}' "$@"`);
}

/** What the block printed that has these words among its commands. */
export function outputOf(ran: readonly Ran[], words: string): string {
  const found = ran.filter(({ commands }) => commands.includes(words));
  if (found.length !== 1) throw new Error(`${found.length} blocks have ${words}`);
  return found[0]?.output ?? '';
}

/**
 * Builds the image by the steps of deploy/Dockerfile without Docker or a registry of images, boots it as a cluster would, and
 * measures size, start and memory. Debian, as root: `apt-get install buildah debootstrap`, then
 *   node bench/image/main.ts [FOLDER]
 * FOLDER keeps the base image for the next time; without it a temporary one is used.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchError } from '../support/bench-error.ts';
import { prepareBase } from './base-image.ts';
import { type Boot, boot } from './boot.ts';
import { Buildah } from './buildah.ts';

const BOOTS = 5;
const MEBIBYTE = 1024 * 1024;

process.exitCode = await main(process.argv[2]);

/** @returns the exit code */
async function main(kept: string | undefined): Promise<number> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'kube-entry-image-'));
  try {
    mkdirSync(folder, { recursive: true });
    await measure(folder);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    process.stderr.write(`image: ${error.message}\n`);
    return 1;
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string): Promise<void> {
  const buildah = new Buildah(folder);
  await buildah.importBase(await prepareBase(folder));
  await buildah.build();
  const root = await buildah.mount();
  const boots: Boot[] = [];
  for (let count = 0; count < BOOTS; count += 1) boots.push(await boot(root, folder));
  const rows = [
    ['on disk: the program and its packages', mebibytes(await buildah.bytesOf(join(root, 'opt/kube-entry')))],
    ['on disk: everything', mebibytes(await buildah.bytesOf(root))],
    ['start to ready', milliseconds(boots.map(({ readyMs }) => readyMs))],
    ['CPU time until ready', milliseconds(boots.map(({ readyCpuMs }) => readyCpuMs))],
    ['resident, idle', mebibytes(median(boots.map(({ idleBytes }) => idleBytes)))],
    ['resident, after load', mebibytes(median(boots.map(({ loadedBytes }) => loadedBytes)))],
  ];
  process.stdout.write(rows.map(([what, figure]) => `| ${what} | ${figure} |\n`).join(''));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}

function milliseconds(values: readonly number[]): string {
  return `${Math.round(median(values))} ms (${Math.round(Math.min(...values))}–${Math.round(Math.max(...values))})`;
}

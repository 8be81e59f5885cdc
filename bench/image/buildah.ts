import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What the Dockerfile begins with. */
const BASE = 'node:26-slim';
const IMAGE = 'kube-entry';

/** Images in a folder of their own, built by steps that run in a chroot: no daemon, no registry. */
export class Buildah {
  readonly #storage: readonly string[];
  readonly #policy: string;

  constructor(folder: string) {
    this.#storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
    this.#policy = join(folder, 'policy.json');
    // Nothing is pulled: there is no signature to look for.
    writeFileSync(this.#policy, '{"default":[{"type":"insecureAcceptAnything"}]}\n');
  }

  async importBase(system: string): Promise<void> {
    const container = await this.#buildah('from', 'scratch');
    await this.#buildah('copy', '--quiet', container, system, '/');
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    await this.#buildah('config', '--env', path, '--cmd', 'node', container);
    await this.#buildah('commit', '--quiet', '--signature-policy', this.#policy, '--rm', container, BASE);
  }

  /** Follows deploy/Dockerfile, unchanged. */
  async build(): Promise<void> {
    const files = ['--file', 'deploy/Dockerfile', '--ignorefile', 'deploy/Dockerfile.dockerignore'];
    const how = ['--isolation', 'chroot', '--pull-never', '--signature-policy', this.#policy];
    await this.#buildah(
      'bud',
      ...how,
      ...files.map(part => part.replace(/^deploy/, join(ROOT, 'deploy'))),
      '--tag',
      IMAGE,
      ROOT,
    );
  }

  /** @returns where the files of a container made of the image are */
  async mount(): Promise<string> {
    const from = ['from', '--pull-never', '--signature-policy', this.#policy];
    return this.#buildah('mount', await this.#buildah(...from, `localhost/${IMAGE}`));
  }

  async bytesOf(folder: string): Promise<number> {
    return Number((await run('du', '--summarize', '--block-size=1', folder)).split('\t')[0]);
  }

  #buildah(...args: readonly string[]): Promise<string> {
    return run('buildah', ...this.#storage, ...args);
  }
}

/** Asks kube-entry, and kubectl where it is installed, to read Services as the same files say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { messageOf } from '../../src/errors.ts';
import { runHere } from '../cli/cli-fixture.ts';
import type { KubeApi } from '../support/kube-api.ts';
import { Kubectl } from '../support/real-kubectl.ts';
import { type Case, factsOf, type RequestFacts } from './case.ts';

// Every command in this process opens a log of its own, which is written out at the end.
setMaxListeners(0, process);

interface Answer {
  readonly requests: readonly RequestFacts[];
  /** Empty when it went well. */
  readonly complaint: string;
  readonly exit: number | null;
}

export function isKubectlHere(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A folder with these files, as a person would have them; those that begin with `#!` can be run. */
export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'kubeconfig-'));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  write(name: string, content: string): void {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (content.startsWith('#!')) chmodSync(file, 0o755);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Makes a test of each case. @param api where the kubeconfigs lead */
export function itAgrees(api: KubeApi, cases: readonly Case[]): void {
  const isComparable = isKubectlHere();
  for (const one of cases) {
    it(`${one.name}${one.kubectl === undefined ? '' : ` (kubectl: ${one.kubectl.because})`}`, async t => {
      using folder = new Folder(one.files);
      check('kube-entry', await askEntry(api, one, folder.path), one);
      if (!isComparable) t.diagnostic('there is no kubectl here to compare with');
      else if (isAsked(one))
        check('kubectl', await askKubectl(api, one, folder.path), expectedOfKubectl(one), one.kubectl === undefined);
    });
  }
}

function expectedOfKubectl({ kubectl, ...one }: Case): Case {
  return kubectl === undefined ? one : { name: one.name, files: one.files, ...kubectl };
}

function isAsked({ kubectl }: Case): boolean {
  return kubectl === undefined || kubectl.request !== undefined || kubectl.error !== undefined;
}

function check(who: string, { requests, complaint, exit }: Answer, wanted: Case, isSame = true): void {
  if (wanted.error !== undefined) {
    assert.deepEqual(requests, [], `${who} sends nothing`);
    // The words are kube-entry's own; kubectl has to refuse, too.
    if (who === 'kube-entry') {
      assert.match(complaint, wanted.error);
      assert.doesNotMatch(complaint, /internal error/);
      assert.equal(exit, wanted.exit ?? 1);
    } else {
      assert.notEqual(complaint, '', 'kubectl refuses it');
      if (!isSame) assert.match(complaint, wanted.error);
    }
    return;
  }
  assert.equal(complaint, '', who);
  assert.deepEqual(requests, [wanted.request ?? {}], who);
}

async function askEntry(api: KubeApi, one: Case, folder: string): Promise<Answer> {
  const before = api.requests.length;
  const args = one.context === undefined ? [] : ['--context', one.context];
  const environment = { PATH: process.env.PATH ?? '', HOME: folder, KUBECONFIG: kubeconfigOf(one, folder) };
  const { code, stderr } = await runHere(['routes', '--fresh', '--log-level', 'error', ...args], { environment });
  return { requests: api.requests.slice(before).map(factsOf), complaint: code === 0 ? '' : stderr, exit: code };
}

async function askKubectl(api: KubeApi, one: Case, folder: string): Promise<Answer> {
  const before = api.requests.length;
  const args = one.context === undefined ? [] : ['--context', one.context];
  const kubectl = new Kubectl('', kubeconfigOf(one, folder), folder);
  const complaint = await kubectl.run(['get', '--raw', '/api/v1/services', ...args]).then(
    () => '',
    (error: unknown) => messageOf(error),
  );
  return { requests: api.requests.slice(before).map(factsOf), complaint, exit: null };
}

function kubeconfigOf({ kubeconfig = ['config'] }: Case, folder: string): string {
  return kubeconfig.map(name => join(folder, name)).join(':');
}

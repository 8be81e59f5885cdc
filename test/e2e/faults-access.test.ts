/** What the entry may do, and how it proves who it is, is taken away and given back; and its clock is set. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { dig } from '../deploy/objects.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealKube } from '../support/real-kube.ts';
import { RealLine } from '../support/real-line.ts';
import { patiently, START_DEADLINE_MS } from '../support/real-process.ts';
import { applyFiles, deleteFiles, grantClusterRole } from '../support/real-rights.ts';
import { RealScene } from '../support/real-scene.ts';

const ROLE_BINDING = 'base/cluster-role-binding.yaml';
const ACCOUNT = '/api/v1/namespaces/kube-entry/serviceaccounts/kube-entry';
const SECRETS = '/api/v1/namespaces/kube-entry/secrets';
/** Debian's, of the package faketime: it stands between a program and the kernel's clock. */
const [libfaketime] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');

let kube: RealKube;
let backend: RealBackend;
let line: RealLine;
let scene: RealScene;
let tokenFile: string;
let clockFile: string;

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  line = await RealLine.to(kube.port);
  tokenFile = kube.path('entry.token');
  clockFile = kube.path('clock');
  writeFileSync(clockFile, '+0');
  writeFileSync(tokenFile, await issueToken('first'));
  const user = { tokenFile };
  const kubeconfig = kube.writeKubeconfig('faults.kubeconfig', { port: line.port, user });
  scene = await RealScene.start(kube, backend, kubeconfig, fakedClock());
});

after(async () => {
  await scene?.[Symbol.asyncDispose]();
  await line?.cut();
  await backend?.stop();
  await kube?.stop();
});

describe('an entry outlives', () => {
  it('a role that is removed and given back', async t => {
    await scene.endure(t, {
      strike: async () => {
        await deleteFiles(kube, ROLE_BINDING);
        await reconnect();
        await lost('KUBE_FORBIDDEN');
      },
      heal: () => applyFiles(kube, ROLE_BINDING),
      changes: 'before heal',
    });
  });

  it('a token that is revoked, its file missing when it is read again, and a new one on disk', async t => {
    await scene.endure(t, {
      strike: async () => {
        const token = readFileSync(tokenFile, 'utf8');
        assert.equal((await kube.api('DELETE', `${SECRETS}/first`)).status, 200);
        await patiently('it is good no more', async () => !(await isGood(token)));
        await reconnect();
        await lost('KUBE_UNAUTHORISED');
        rmSync(tokenFile);
        await patiently('it misses the file', async () =>
          /ENOENT/.test((await scene.entry.table()).source.problem ?? ''),
        );
      },
      heal: async () => writeFileSync(tokenFile, await issueToken('second')),
      changes: 'before heal',
    });
  });

  const skip = libfaketime === undefined && 'needs libfaketime (Debian: faketime) to set the clock of one process';
  // Further back, and the certificate of a server so young would not be valid yet: that is for TLS to refuse.
  for (const [offset, skewMs] of [
    ['+2d', 172_800_000],
    ['-30m', -1_800_000],
  ] as const) {
    it(`a clock that jumps by ${offset}`, { skip }, async t => {
      await scene.endure(t, {
        strike: async () => {
          writeFileSync(clockFile, offset);
          const isSet = async (): Promise<boolean> => {
            const { headers } = await scene.entry.get('/nowhere');
            return Math.abs(Date.parse(String(headers.date)) - Date.now() - skewMs) < 60_000;
          };
          await patiently('its clock says so', isSet);
          await line.cut();
        },
        heal: () => line.mend(),
        changes: 'before heal',
      });
    });
  }
});

/** A token that is good until its Secret is deleted. */
async function issueToken(secret: string): Promise<string> {
  const made = await kube.api('POST', SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secret, uid: dig(made.body, 'metadata', 'uid') };
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } };
  const issued = await kube.api('POST', `${ACCOUNT}/token`, asked);
  assert.equal(issued.status, 201, JSON.stringify(issued.body));
  return String(dig(issued.body, 'status', 'token'));
}

/** The server remembers for a few seconds what it found. */
async function isGood(token: string): Promise<boolean> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const { body } = await kube.api('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review);
  return dig(body, 'status', 'authenticated') === true;
}

/** A watch that stands is asked for no right again: only a new one is. */
async function reconnect(): Promise<void> {
  await line.cut();
  await line.mend();
}

async function lost(code: string): Promise<void> {
  const isLost = (logged: { readonly code?: string; readonly level: string }): boolean =>
    logged.code === code && logged.level === 'warn';
  await scene.entry.logged(`it says ${code}`, isLost, START_DEADLINE_MS);
}

/** Only the date is set: the monotonic clock belongs to the kernel, and nothing may set it. */
function fakedClock(): Record<string, string> {
  if (libfaketime === undefined) return {};
  return {
    LD_PRELOAD: libfaketime,
    FAKETIME_TIMESTAMP_FILE: clockFile,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

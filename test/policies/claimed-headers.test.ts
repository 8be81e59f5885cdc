/** CGI and its successors give X_Real_IP and X-Real-IP as one variable: what the entry says, no client may say under either name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { eventually } from '../support/eventually.ts';
import { answer, answering, RawUpstream, type UpstreamRequest } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, policyScene } from './scene.ts';

const settings = { underscoresInHeaders: true };
const FORWARDED = ['X-Real-IP', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Prefix'];
/** What each request has that the entry sends for a client. */
const SAID = [...FORWARDED, 'X-Request-ID'];
const AUTH = ['X-Original-URL', 'X-Original-Method', 'X-Sent-From', 'X-Auth-Request-Redirect'];
const PAGES = [
  'X-Code',
  'X-Format',
  'X-Original-URI',
  'X-Namespace',
  'X-Ingress-Name',
  'X-Service-Name',
  'X-Service-Port',
];
const HIDDEN = ['If-None-Match', 'If-Range'];

/** Asks for the guarded route with forged names, once by each version of HTTP. */
async function forge(scene: PolicyScene, names: readonly string[]): Promise<void> {
  const forged = names.flatMap(name => [name.replaceAll('-', '_'), name.replace('-', '_').toUpperCase()]);
  await scene.get([...forged, 'X_Kept'].map(name => `${name}: forged\r\n`).join(''));
  const client = await scene.http2();
  await client.exchange([
    ...scene.fields,
    ...[...forged, 'x_kept'].map(name => [name.toLowerCase(), 'forged'] as const),
  ]);
}

/** The names of lines that the client has written, in lower case. */
function forgedIn({ headers }: UpstreamRequest): string[] {
  return headers.filter(([, value]) => value.includes('forged')).map(([name]) => name.toLowerCase());
}

describe('headers that the entry says, with underscores for hyphens', { concurrency: 8 }, () => {
  it('reach no upstream', async t => {
    const scene = await policyScene(t, [], { settings });
    await forge(scene, [...SAID, 'X-Client-Cert-Verify', 'Content-Length', 'Transfer-Encoding', 'Proxy-Authorization']);
    assert.deepEqual(scene.upstream.requests.map(forgedIn), [['x_kept'], ['x_kept']]);
  });

  it('are believed of no one, not of a trusted proxy either', async t => {
    const scene = await policyScene(t, [], { settings: { ...settings, trustedProxies: ['127.0.0.1'] } });
    await scene.get('X_Forwarded_For: 192.0.2.1\r\nX_Forwarded_Proto: https\r\n');
    const { only } = scene.upstream;
    assert.deepEqual(
      ['x-real-ip', 'x-forwarded-for', 'x-forwarded-proto'].map(name => only.header(name)),
      ['127.0.0.1', '127.0.0.1', 'http'],
    );
  });

  it('reach no Service that gets copies of requests', async t => {
    const shadow = await RawUpstream.start(t);
    const policies: Policy[] = [{ kind: 'mirror', cluster: BESIDE, percent: 100 }];
    const scene = await policyScene(t, policies, { settings, beside: [{ path: '/shadow', to: shadow }] });
    await forge(scene, SAID);
    await eventually('both copies', () => shadow.requests.length === 2);
    assert.deepEqual(shadow.requests.map(forgedIn), [['x_kept'], ['x_kept']]);
  });

  it('reach no auth service', async t => {
    const auth = await RawUpstream.start(t);
    const requestHeaders = [{ name: 'X-Tenant', value: ['shop'] }];
    const policies: Policy[] = [
      { kind: 'auth-url', cluster: BESIDE, host: 'auth.test', target: ['/'], responseHeaders: [], requestHeaders },
    ];
    const scene = await policyScene(t, policies, { settings, beside: [{ path: '/auth', to: auth }] });
    await forge(scene, [...SAID, ...AUTH, 'X-Tenant']);
    assert.deepEqual(auth.requests.map(forgedIn), [['x_kept'], ['x_kept']]);
  });

  it('reach no page service', async t => {
    const pages = await RawUpstream.start(t);
    const policies: Policy[] = [{ kind: 'error-pages', cluster: BESIDE, statuses: [404] }];
    const respond = answering(answer('', '', '404 Not Found'));
    const scene = await policyScene(t, policies, { settings, respond, beside: [{ path: '/pages', to: pages }] });
    await forge(scene, [...SAID, ...PAGES, ...HIDDEN]);
    assert.deepEqual(pages.requests.map(forgedIn), [['x_kept'], ['x_kept']]);
  });
});

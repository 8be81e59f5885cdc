/** A running proxy that serves the Ingresses of a case, and the pods behind it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import type { Delta } from '../../src/model/delta.ts';
import { DEFAULTS, type Settings } from '../../src/settings/schema.ts';
import { readManifestText } from '../../src/sources/manifest-file.ts';
import { ManifestIngresses } from '../../src/sources/manifest-ingresses.ts';
import { ManifestSecrets } from '../../src/sources/manifest-secrets.ts';
import { groupSlices, ManifestSlices } from '../../src/sources/manifest-slices.ts';
import { formatHostPort } from '../../src/text/host-port.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { type HeaderLine, value, values } from '../support/raw-message.ts';
import { answer, NOBODY, RawUpstream, type UpstreamHandler, type UpstreamRequest } from '../support/raw-upstream.ts';
import { published } from '../support/routes.ts';
import { yamlOf } from '../support/services.ts';
import type { CaseAnswer, CaseChange, CaseRequest, ExpectedHeaders, ExpectedRequest, IngressCase } from './case.ts';
import { CONFIG_MAP } from './names.ts';
import { commonObjects, fullName, ingressObject, serviceObjects, servicesOf } from './objects.ts';

/** Of a catalog in which nothing is served. */
const NOTHING: Delta = {
  version: 0,
  routes: { upserts: [], removals: [] },
  clusters: { upserts: [], removals: [] },
  endpoints: [],
};

/** In each answer of a pod: its Service. */
const SERVICE = 'X-Service';

export class IngressScene {
  readonly proxy: ProxyUnderTest;
  readonly catalog: Catalog;
  readonly #case: IngressCase;
  /** All that have come to pods, in their order. */
  readonly #requests: readonly UpstreamRequest[];
  /** By `namespace/name`. */
  readonly #pods: ReadonlyMap<string, readonly RawUpstream[]>;
  readonly #sources: readonly [ManifestSecrets, ManifestSlices, ManifestIngresses];
  readonly #ingresses = new Map<string, object>();

  private constructor(
    one: IngressCase,
    proxy: ProxyUnderTest,
    pods: ReadonlyMap<string, readonly RawUpstream[]>,
    requests: readonly UpstreamRequest[],
  ) {
    const [namespace = '', name = ''] = CONFIG_MAP.split('/');
    this.#case = one;
    this.proxy = proxy;
    this.#pods = pods;
    this.#requests = requests;
    this.catalog = new Catalog({
      ...settingsOf(one),
      ingressClass: ['nginx'],
      ingressConfigmap: { namespace, name },
      waitsFor: 'services',
      hasTlsPort: true,
      ...one.settings,
    });
    const { secrets, endpoints, ingresses } = this.catalog;
    this.#sources = [new ManifestSecrets(secrets), new ManifestSlices(endpoints), new ManifestIngresses(ingresses)];
  }

  static async start(t: TestContext, one: IngressCase): Promise<IngressScene> {
    const pods = new Map<string, RawUpstream[]>();
    const requests: UpstreamRequest[] = [];
    for (const service of servicesOf(one)) {
      const { pods: count = 1, answers } = serviceOf(one, service) ?? {};
      const handler = answersFor(service, answers);
      const listed: UpstreamHandler = request => {
        requests.push(request);
        return handler(request);
      };
      const started = Array.from({ length: count }, () => RawUpstream.start(t, listed));
      pods.set(service, await Promise.all(started));
    }
    const proxy = await startProxy(t, 'wire on TLS', { routes: null, settings: settingsOf(one) });
    const scene = new IngressScene(one, proxy, pods, requests);
    scene.change({ ingresses: one.ingresses });
    return scene;
  }

  /** Of the request that has come to a pod last. */
  get lastTarget(): string {
    return this.#requests.at(-1)?.target ?? '';
  }

  change({ without = [], ingresses = [] }: CaseChange): void {
    for (const name of without) this.#ingresses.delete(name);
    for (const [index, ingress] of ingresses.entries()) {
      this.#ingresses.set(ingress.name ?? `i${index + 1}`, ingressObject(ingress, index));
    }
    this.#serve();
  }

  /** The pods of a Service of the namespace `default`, or of `namespace/name`. */
  podsOf(service: string): readonly RawUpstream[] {
    return this.#pods.get(fullName(service)) ?? [];
  }

  /** Sends a request, and holds what comes of it against what it expects. */
  async check(request: CaseRequest): Promise<void> {
    const what = request.send ?? `GET ${request.get}`;
    for (let time = 0; time < (request.times ?? 1); time += 1) await this.#check(request, what);
  }

  async #check(request: CaseRequest, what: string): Promise<void> {
    const before = this.#requests.length;
    const response = await this.#send(request, what);
    const { to, status = to === undefined ? undefined : 200, location, has = {}, says, sets, up } = request;
    if (status !== undefined) assert.equal(response.status, status, `${what}: ${this.proxy.logLines.at(-1)}`);
    if (to !== undefined) assert.equal(value(response.headers, SERVICE), fullName(to), `${what}: the Service`);
    if (location !== undefined) assert.equal(value(response.headers, 'Location'), location, `${what}: Location`);
    if (says !== undefined) assert.ok(response.body.includes(says), `${what}: ${response.body}`);
    assertHeaders(response.headers, has, what);
    const cookies = values(response.headers, 'Set-Cookie');
    if (sets !== undefined)
      assert.ok(
        cookies.some(one => one.startsWith(`${sets}=`)),
        `${what}: ${cookies}`,
      );
    const seen = this.#requests.slice(before);
    const byAsked = Object.entries(request.asked ?? {}).map(([service, expected]) => {
      const pods = this.podsOf(service);
      return { service, expected, got: seen.filter(one => pods.some(({ requests }) => requests.includes(one))) };
    });
    for (const { service, expected, got } of byAsked) {
      if (expected === null) assert.equal(got.length, 0, `${what}: ${service} is asked`);
      else assertRequest(got.at(-1), expected, `${what}: what ${service} gets`);
    }
    const others = seen.filter(one => !byAsked.some(({ got }) => got.includes(one)));
    if (up !== undefined) assertRequest(others.at(-1), up, `${what}: what the pod gets`);
  }

  async #send(request: CaseRequest, what: string): Promise<RawResponse> {
    const host = request.host ?? this.#case.ingresses.find(one => one.host !== undefined)?.host ?? 'test';
    const { headers = {}, body = '' } = request;
    const client = request.tls ? await this.proxy.connectTls({ servername: host.replace(/:\d+$/, '') }) : undefined;
    const lines = Object.entries(headers).map(([name, text]) => `${name}: ${text}\r\n`);
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    const bytes = `${what} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}${length}\r\n${body}`;
    const options = { head: what.startsWith('HEAD ') };
    const connection = client ?? (await this.proxy.connectInClear());
    await connection.send(bytes);
    const response = await connection.response(options);
    connection.destroy();
    return response;
  }

  #serve(): void {
    const objects = [...this.#pods].flatMap(([service, pods]) => {
      const described = serviceOf(this.#case, service);
      if (described === null) return [];
      const dead = Array.from({ length: described?.dead ?? 0 }, () => NOBODY);
      return serviceObjects(service, [...pods.map(({ address }) => address), ...dead], described ?? {});
    });
    const text = yamlOf([...commonObjects(this.#case), ...objects, ...this.#ingresses.values()]).replaceAll(
      /\{\{([\w/-]+)\}\}/g,
      (_, service: string) => addressOf(this.podsOf(service)[0]),
    );
    const contents = readManifestText(text, 'case.yaml', 'default');
    assert.deepEqual(contents.problems, []);
    const [secrets, slices, ingresses] = this.#sources;
    secrets.replace(contents.secrets);
    slices.replace(groupSlices(contents.slices));
    ingresses.replace(contents);
    this.catalog.replace(contents.services.map(({ object }) => object));
    this.proxy.apply(published(this.catalog.commit() ?? NOTHING));
    // What annotations name is known once the first has asked for it.
    const further = this.catalog.commit();
    if (further !== undefined) this.proxy.apply(published(further));
  }
}

function settingsOf({ settings = {} }: IngressCase): Settings {
  return { ...DEFAULTS, ...settings };
}

function serviceOf(
  { services = {} }: IngressCase,
  key: string,
): NonNullable<IngressCase['services']>[string] | undefined {
  return services[key] ?? Object.entries(services).find(([name]) => fullName(name) === key)?.[1];
}

function answersFor(
  service: string,
  { status = '200 OK', headers = {}, body = 'ok' }: CaseAnswer = {},
): UpstreamHandler {
  const lines = Object.entries(headers).map(([name, text]) => `${name}: ${text}\r\n`);
  return async request => {
    await request.whole();
    await request.connection.send(answer(body, `${SERVICE}: ${service}\r\n${lines.join('')}`, status));
  };
}

function addressOf(pod: RawUpstream | undefined): string {
  assert.ok(pod !== undefined, 'a Service that is named has a pod');
  return formatHostPort(pod.address.host, pod.address.port);
}

function assertRequest(request: UpstreamRequest | undefined, expected: ExpectedRequest, what: string): void {
  assert.ok(request !== undefined, `${what}: nothing`);
  const { headers = {}, ...line } = expected;
  const { target, method, body } = request;
  const got = { target, method, host: value(request.headers, 'Host'), body };
  assert.deepEqual({ ...got, ...line }, got, what);
  assertHeaders(request.headers, headers, what);
}

function assertHeaders(headers: readonly HeaderLine[], expected: ExpectedHeaders, what: string): void {
  for (const [name, wanted] of Object.entries(expected)) {
    const list = wanted === null ? [] : typeof wanted === 'string' ? [wanted] : wanted;
    assert.deepEqual(values(headers, name), list, `${what}: ${name}`);
  }
}

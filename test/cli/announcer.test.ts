import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Announcer, type Audience, type EventSink } from '../../src/control/announcer.ts';
import { Catalog } from '../../src/control/catalog.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import type { EndpointSlice } from '../../src/resources/endpoint-slice.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import { service } from '../support/services.ts';

type Told = Parameters<EventSink['record']>[0];

const OLD = '2026-01-01T00:00:00Z';
const NEW = '2026-01-01T12:00:00Z';
const NOON = Date.parse(NEW);

/** The owners of Services, and what they were told. */
class Owners {
  readonly catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
  readonly events: Told[] = [];
  readonly #announcer = new Announcer(this.catalog, silentLogger(), () => NOON);

  constructor() {
    this.#announcer.events = { record: event => void this.events.push(event) };
  }

  /** A cluster that was announced before, so that everything is news. */
  static of(...services: readonly ServiceObject[]): Owners {
    const owners = new Owners();
    owners.catalog.replace(services);
    owners.commit('none');
    return owners;
  }

  commit(audience: Audience = 'all'): void {
    this.#announcer.announce(this.catalog.commit(), audience);
  }

  /** What was told since the last look, as kubectl would show it. */
  get news(): string[] {
    return this.events
      .splice(0)
      .map(({ service: { name }, type, reason, message }) => `${name}: ${type} ${reason} ${message}`);
  }
}

function contested(name: string, createdAt: string): ServiceObject {
  return service(name, { annotations: { path: '/contested' }, createdAt });
}

describe('the owner of a Service', () => {
  it('is told where it is exposed, with all its routes, and where no longer', () => {
    const owners = Owners.of();
    owners.catalog.upsert(service('a', { annotations: { path: '/a,/b', host: 'x.example.com' } }));
    owners.commit();
    assert.deepEqual(owners.news, ['a: Normal Exposed exposed at x.example.com/a, x.example.com/b (to 10.96.0.1:80)']);
    owners.catalog.upsert(service('a', { annotations: { path: '/a' } }));
    owners.commit();
    assert.deepEqual(owners.news, ['a: Normal Exposed exposed at /a (to 10.96.0.1:80)']);
    owners.catalog.upsert(service('a', { annotations: { path: '/a,/c' } }));
    owners.commit();
    assert.deepEqual(owners.news, ['a: Normal Exposed exposed at /a, /c (to 10.96.0.1:80)']);
    owners.catalog.upsert(service('a', { annotations: {} }));
    owners.commit();
    assert.deepEqual(owners.news, ['a: Normal Withdrawn no longer exposed at /a, /c: it no longer asks for it']);
  });

  it('is told of another address of the Service, and of no pod that comes or goes', () => {
    const pod = (number: number): object => ({
      address: `10.0.0.${number}`,
      ...{ state: 'ready', pod: '', uid: '', nodeName: '', zone: '', forNodes: [], forZones: [] },
    });
    const slice = (count: number): EndpointSlice[] => [
      {
        metadata: { name: 'a-1', namespace: 'default', resourceVersion: '' },
        ...{ service: 'a', addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }] },
        endpoints: Array.from({ length: count }, (_, index) => pod(index)) as EndpointSlice['endpoints'],
      },
    ];
    const owners = Owners.of(service('a'));
    owners.catalog.upsert(service('a', { spec: { clusterIP: '10.96.0.9' } }));
    owners.commit();
    assert.deepEqual(owners.news, ['a: Normal Exposed exposed at /a (to 10.96.0.9:80)']);
    const balanced = (path: string) => service('a', { annotations: { path, balance: 'least-request' } });
    owners.catalog.upsert(balanced('/a'));
    owners.catalog.endpoints.setSlices({ namespace: 'default', name: 'a' }, slice(12));
    owners.commit();
    assert.deepEqual(owners.news, []);
    owners.catalog.upsert(balanced('/b'));
    owners.commit();
    const [told = ''] = owners.news;
    assert.match(told, /exposed at \/b \(to 10\.0\.0\.0:8080, .* and 2 more\)/);
  });

  it('is told why it is refused, once, and that it is exposed when it is mended', () => {
    const owners = Owners.of(service('a'));
    for (let look = 0; look < 2; look += 1) {
      owners.catalog.upsert(service('a', { annotations: { path: 'a' } }));
      owners.commit();
    }
    assert.deepEqual(owners.news, [
      'a: Warning BadAnnotation kube-entry.io/path: "a" must start with a slash; it is no longer exposed at /a',
    ]);
    owners.catalog.upsert(service('a'));
    owners.commit();
    assert.deepEqual(owners.news, ['a: Normal Exposed exposed at /a (to 10.96.0.1:80)']);
  });

  it('is told of a conflict that it lost, and when it has the route again, whose it was', () => {
    const owners = Owners.of(contested('young', NEW));
    owners.catalog.upsert(contested('old', OLD));
    owners.commit();
    assert.deepEqual(owners.news, [
      'old: Normal Exposed exposed at /contested (to 10.96.0.1:80)',
      'young: Warning Conflict /contested belongs to the older Service default/old; this Service takes over when that one gives it up',
    ]);
    owners.catalog.remove({ namespace: 'default', name: 'old' });
    owners.commit();
    assert.deepEqual(owners.news, [
      'young: Normal TookOver took over /contested from default/old',
      'young: Normal Exposed exposed at /contested (to 10.96.0.1:80)',
    ]);
  });

  it('is warned with a word for each kind of mistake', () => {
    const owners = Owners.of();
    owners.catalog.upsert(service('a', { annotations: { path: '/a/(.*)', hots: 'x.example.com' } }));
    owners.commit();
    assert.deepEqual(
      owners.news.map(line => line.split(' ').slice(0, 3).join(' ')),
      ['a: Normal Exposed', 'a: Warning UnknownAnnotation', 'a: Warning PathLooksLikePattern'],
    );
  });

  it('is told that it gave a route up to the one that waited', () => {
    const owners = Owners.of(contested('old', OLD), contested('young', NEW));
    owners.catalog.upsert(service('old', { annotations: {}, createdAt: OLD }));
    owners.commit();
    assert.deepEqual(
      owners.news.map(line => line.split(' ').slice(0, 3).join(' ')),
      ['young: Normal TookOver', 'old: Normal Withdrawn', 'young: Normal Exposed'],
    );
  });

  it('is told what it keeps when it loses one route of two', () => {
    const owners = Owners.of(service('young', { annotations: { path: '/contested,/own' }, createdAt: NEW }));
    owners.catalog.upsert(contested('old', OLD));
    owners.commit();
    assert.deepEqual(
      owners.news.filter(line => line.startsWith('young')).map(line => line.slice(0, 43)),
      ['young: Normal Exposed exposed at /own (to 1', 'young: Warning Conflict /contested belongs '],
    );
  });

  it('is told with whom it is in conflict as an object, even when that one is gone', () => {
    const owners = Owners.of(contested('young', NEW));
    const old = contested('old', OLD);
    owners.catalog.upsert({ ...old, metadata: { ...old.metadata, uid: 'uid-old', resourceVersion: '7' } });
    owners.commit();
    owners.catalog.remove({ namespace: 'default', name: 'old' });
    owners.commit();
    for (const reason of ['Conflict', 'TookOver']) {
      const related = owners.events.find(event => event.reason === reason)?.related;
      assert.deepEqual([related?.uid, related?.resourceVersion], ['uid-old', '7'], reason);
    }
  });

  it('is told anew when a conflict goes on with somebody else, and nothing of winning when it gives up', () => {
    const owners = Owners.of(
      contested('young', NEW),
      contested('middle', '2026-01-01T06:00:00Z'),
      contested('old', OLD),
    );
    owners.catalog.remove({ namespace: 'default', name: 'old' });
    owners.commit();
    assert.deepEqual(
      owners.news.map(line => line.split(' ').slice(0, 3).join(' ')),
      ['middle: Normal TookOver', 'middle: Normal Exposed', 'young: Warning Conflict'],
    );
    owners.catalog.upsert(service('young', { annotations: { path: '/other' }, createdAt: NEW }));
    owners.commit();
    assert.deepEqual(owners.news, ['young: Normal Exposed exposed at /other (to 10.96.0.1:80)']);
  });
});

describe('after a start', () => {
  it('the owners of Services that are older than an Event lives are not told again that they are exposed', () => {
    const owners = new Owners();
    owners.catalog.replace([
      service('old', { createdAt: OLD }),
      service('new', { createdAt: NEW }),
      service('bad', { createdAt: OLD, annotations: { path: 'bad' } }),
    ]);
    owners.commit('recent');
    assert.deepEqual(
      owners.news.map(line => line.split(' ').slice(0, 3).join(' ')),
      ['new: Normal Exposed', 'bad: Warning BadAnnotation'],
    );
  });

  it('with a table of before nobody is told what was told before, and then what has changed since', () => {
    const owners = Owners.of(service('kept'), service('spoilt'), service('bad', { annotations: { path: 'bad' } }));
    assert.equal(owners.events.length, 0);
    owners.catalog.replace([
      service('kept'),
      service('spoilt', { annotations: { path: 'spoilt' } }),
      service('bad', { annotations: { path: 'bad' } }),
      service('added', { createdAt: OLD }),
    ]);
    owners.commit();
    assert.deepEqual(
      owners.news.map(line => line.split(' ').slice(0, 3).join(' ')),
      ['added: Normal Exposed', 'spoilt: Warning BadAnnotation'],
    );
  });
});

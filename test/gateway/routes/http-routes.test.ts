import { exact, httpRoute, listener, listeners, NAMESPACE, values } from './scene.ts';
import { type Row, rows, testTables } from './table.ts';

/** `METHOD path version=one`, of which all but the path may be left out. */
function ask(text: string): Omit<Row, 'gets'> {
  const { method, path, version } =
    /^(?:(?<method>[A-Z]+):)?(?<path>\/[^+]*)(?:\+(?<version>.+))?$/.exec(text)?.groups ?? {};
  return {
    path: path ?? '/',
    ...(method !== undefined && { method }),
    ...(version !== undefined && { headers: { version } }),
  };
}

/** `host/path`. */
function at(text: string): Omit<Row, 'gets'> {
  const slash = text.indexOf('/');
  return { host: text.slice(0, slash), path: text.slice(slash) };
}

testTables([
  {
    name: 'a route without rules of its own has what the API fills in',
    http: [httpRoute([{}])],
    rows: rows({ '/ /a/b': 'v1' }, ask),
  },
  {
    name: 'an exact path is a whole one, with regard to case',
    http: [
      httpRoute([
        { matches: [{ path: exact('/one') }], to: ['v1'] },
        { matches: [{ path: exact('/two') }], to: ['v2'] },
      ]),
    ],
    rows: rows({ '/one': 'v1', '/two': 'v2', '/ /one/example /two/ /Two': '404' }, ask),
  },
  {
    name: 'matches of a rule are alternatives, and the conditions of a match are not',
    http: [
      httpRoute([
        { matches: ['/', { headers: values('version=one') }], to: ['v1'] },
        { matches: ['/v2', { headers: values('version=two') }], to: ['v2'] },
      ]),
    ],
    rows: rows({ '/ /example /+one /v2example /foo/v2/example': 'v1', '/v2 /v2/example /+two /v2/': 'v2' }, ask),
  },
  {
    name: 'of two routes for a host, more headers win over fewer, and a longer path over both',
    http: [
      httpRoute([{ matches: ['/', { headers: values('version=one') }], to: ['v1'] }], {
        name: 'one',
        hostnames: ['example.com', 'example.net'],
      }),
      httpRoute([{ matches: ['/v2', { headers: values('version=two') }], to: ['v2'] }], {
        name: 'two',
        hostnames: ['example.com'],
      }),
    ],
    rows: [
      ...rows({ '/ /example /example+one': 'v1', '/v2 /v2/example /+two': 'v2' }, ask),
      ...rows({ 'example.net/ example.net/v2': 'v1', 'example.org/': '404' }, at),
    ],
  },
  {
    name: 'all headers of a match have to be there, and the first rule wins a tie',
    http: [
      httpRoute([
        { matches: [{ headers: values('version=one') }], to: ['v1'] },
        { matches: [{ headers: values('Version=two') }], to: ['v2'] },
        { matches: [{ headers: values('version=two', 'color=orange') }], to: ['v1'] },
        { matches: [{ headers: values('color=blue') }, { headers: values('color=green') }], to: ['v1'] },
        { matches: [{ headers: values('color=red') }, { headers: values('color=yellow') }], to: ['v2'] },
      ]),
    ],
    rows: [
      { headers: { version: 'one' }, gets: 'v1' },
      { headers: { version: 'two' }, gets: 'v2' },
      { headers: { version: 'two', color: 'orange' }, gets: 'v1' },
      { headers: { version: 'two', color: 'blue' }, gets: 'v2' },
      { headers: { color: 'orange' }, gets: '404' },
      { headers: { 'some-other-header': 'one' }, gets: '404' },
      ...rows({ 'blue green': 'v1', 'red yellow': 'v2', purple: '404' }, color => ({ headers: { color } })),
    ],
  },
  {
    name: 'an exact path comes before all prefixes, and the longest prefix before the others',
    http: [
      httpRoute([
        { matches: [{ path: exact('/match') }], to: ['v1'] },
        { matches: [{ path: exact('/match/exact') }], to: ['v2'] },
        { matches: [{ path: exact('/match/exact/one') }], to: ['v3'] },
        { matches: ['/match/'], to: ['v3'] },
        { matches: ['/match/prefix/'], to: ['v1'] },
        { matches: ['/match/prefix/one'], to: ['v2'] },
      ]),
    ],
    rows: rows(
      {
        '/match/exact/one /match/any': 'v3',
        '/match/exact /match/prefix/one/any': 'v2',
        '/match /match/prefix/any': 'v1',
      },
      ask,
    ),
  },
  {
    name: 'a route is served for the hosts that it and a listener have in common',
    http: [
      httpRoute([{ matches: ['/s1'], to: ['v1'] }], {
        name: 's1',
        hostnames: ['non.matching.com', '*.nonmatchingwildcard.io', 'very.specific.com'],
      }),
      httpRoute([{ matches: ['/s2'], to: ['v2'] }], {
        name: 's2',
        hostnames: ['non.matching.com', 'wildcard.io', 'foo.wildcard.io', 'bar.wildcard.io', 'foo.bar.wildcard.io'],
      }),
      httpRoute([{ matches: ['/s3'], to: ['v3'] }], { name: 's3', hostnames: ['non.matching.com', '*.specific.com'] }),
      httpRoute([{ matches: ['/s4'], to: ['v1'] }], { name: 's4', hostnames: ['*.anotherwildcard.io'] }),
      httpRoute([{ matches: ['/s5'], to: ['v2'] }], {
        name: 's5',
        hostnames: ['specific.but.wrong.com', 'wildcard.io'],
      }),
    ],
    around: { listeners: listeners('very.specific.com', '*.wildcard.io', '*.anotherwildcard.io') },
    rows: rows(
      {
        'very.specific.com/s1 foo.anotherwildcard.io/s4 bar.anotherwildcard.io/s4 foo.bar.anotherwildcard.io/s4': 'v1',
        'non.matching.com/s1 foo.nonmatchingwildcard.io/s1 foo.wildcard.io/s1 very.specific.com/s4': '404',
        'foo.wildcard.io/s2 bar.wildcard.io/s2 foo.bar.wildcard.io/s2': 'v2',
        'wildcard.io/s2 very.specific.com/s2 foo.specific.com/s3 anotherwildcard.io/s4': '404',
        'very.specific.com/s3': 'v3',
        'specific.but.wrong.com/s5 wildcard.io/s5 foo.wildcard.io/s5 foo.wildcard.io/': '404',
      },
      at,
    ),
  },
  {
    name: 'a listener for all hosts serves the hosts of the route alone',
    http: [httpRoute([{ to: ['v2'] }], { hostnames: ['first.com', 'sub.first.com', 'second.com', 'sub.second.com'] })],
    rows: rows(
      { 'first.com/ sub.first.com/ second.com/ sub.second.com/': 'v2', 'third.com/ sub.third.com/': '404' },
      at,
    ),
  },
  {
    name: 'each section serves the routes that name it, and the best listener for a host alone counts',
    http: [
      httpRoute([{ to: ['v1'] }], { name: 'a', parents: [{ sectionName: 'bar.com' }] }),
      httpRoute([{ to: ['v2'] }], { name: 'b', parents: [{ sectionName: 'foo.bar.com' }] }),
      httpRoute([{ to: ['v3'] }], {
        name: 'c',
        parents: [{ sectionName: '*.bar.com' }, { sectionName: '*.foo.com' }],
      }),
    ],
    around: { listeners: listeners('bar.com', 'foo.bar.com', '*.bar.com', '*.foo.com') },
    rows: rows(
      {
        'bar.com/': 'v1',
        'foo.bar.com/': 'v2',
        'baz.bar.com/ boo.bar.com/ multiple.prefixes.bar.com/ multiple.prefixes.foo.com/': 'v3',
        'foo.com/ no.matching.host/': '404',
      },
      at,
    ),
  },
  {
    name: 'a rule without backends answers 500',
    http: [
      httpRoute([
        { matches: ['/forward'], to: ['v1'] },
        { matches: [{ path: exact('/empty-no-forward') }], to: [] },
      ]),
    ],
    rows: rows({ '/forward': 'v1', '/empty-no-forward': '500', '/': '404' }, ask),
  },
  {
    name: 'of two rules that match alike, the first counts, whether its Service is there or not',
    http: [
      httpRoute([
        { matches: [{ path: exact('/order'), headers: values('x-version=one', 'x-color=blue') }], to: ['v1'] },
        { matches: [{ path: exact('/order'), headers: values('x-color=blue', 'x-version=one') }], to: ['v2'] },
        { matches: [{ path: exact('/missing') }], to: ['missing'] },
        { matches: [{ path: exact('/missing') }], to: ['v2'] },
      ]),
    ],
    rows: [
      { path: '/order', headers: { 'x-version': 'one', 'x-color': 'blue' }, gets: 'v1' },
      { path: '/missing', gets: '500' },
    ],
  },
  {
    name: 'a method counts more than headers, and less than the path',
    http: [
      httpRoute([
        { matches: [{ method: 'POST' }], to: ['v1'] },
        { matches: [{ method: 'GET' }], to: ['v2'] },
        { matches: [{ path: { type: 'PathPrefix', value: '/path1' }, method: 'GET' }], to: ['v1'] },
        { matches: [{ headers: values('version=one'), method: 'PUT' }], to: ['v2'] },
        {
          matches: [{ path: { type: 'PathPrefix', value: '/path2' }, headers: values('version=two'), method: 'POST' }],
          to: ['v3'],
        },
        {
          matches: [
            { path: { type: 'PathPrefix', value: '/path3' }, method: 'PATCH' },
            { path: { type: 'PathPrefix', value: '/path4' }, headers: values('version=three'), method: 'DELETE' },
          ],
          to: ['v1'],
        },
        { matches: ['/path5'], to: ['v1'] },
        { matches: [{ method: 'PATCH' }], to: ['v2'] },
        { matches: [{ headers: values('version=four') }], to: ['v3'] },
      ]),
    ],
    rows: rows(
      {
        'POST:/ GET:/path1 PATCH:/path3 DELETE:/path4+three PATCH:/path5': 'v1',
        'GET:/ PUT:/+one PATCH:/+four': 'v2',
        'POST:/path2+two PUT:/+four': 'v3',
        'HEAD:/ PUT:/ DELETE:/path4': '404',
      },
      ask,
    ),
  },
  {
    name: 'names and values of query parameters are compared with regard to case, and other parameters do not matter',
    http: [
      httpRoute([
        { matches: [{ queryParams: values('animal=whale') }], to: ['v1'] },
        { matches: [{ queryParams: values('animal=dolphin') }], to: ['v2'] },
        { matches: [{ queryParams: values('animal=dolphin', 'color=blue') }], to: ['v3'] },
        { matches: [{ queryParams: values('ANIMAL=Whale') }], to: ['v3'] },
        { matches: ['/path5'], to: ['v1'] },
        { matches: [{ queryParams: values('animal=hydra'), headers: values('version=four') }], to: ['v3'] },
      ]),
    ],
    rows: [
      { query: { animal: 'whale' }, gets: 'v1' },
      { query: { animal: 'dolphin' }, gets: 'v2' },
      { query: { animal: 'dolphin', color: 'blue' }, gets: 'v3' },
      { query: { ANIMAL: 'Whale' }, gets: 'v3' },
      { query: { animal: 'whale', other: 'param' }, gets: 'v1' },
      { query: { animal: 'dolphin', color: 'yellow' }, gets: 'v2' },
      { query: { color: 'blue' }, gets: '404' },
      { query: { animal: 'whaledolphin' }, gets: '404' },
      { gets: '404' },
      { path: '/path5', query: { animal: 'hydra' }, gets: 'v1' },
      { query: { animal: 'hydra' }, headers: { version: 'four' }, gets: 'v3' },
    ],
  },
  {
    name: "routes for one host are ordered by the route's own hostname, not by age",
    http: [
      httpRoute([{ to: ['v1'] }], { name: 'older', createdAt: '2026-01-01T00:00:00Z', hostnames: ['*.example.com'] }),
      httpRoute([{ to: ['v2'] }], { name: 'newer', createdAt: '2026-01-02T00:00:00Z', hostnames: ['abc.example.com'] }),
      httpRoute([{ to: ['v1'] }], { name: 'older-wildcard', createdAt: '2026-01-01T00:00:00Z', hostnames: ['*.org'] }),
      httpRoute([{ to: ['v2'] }], {
        name: 'newer-wildcard',
        createdAt: '2026-01-02T00:00:00Z',
        hostnames: ['*.example.org'],
      }),
    ],
    around: { listeners: listeners('abc.example.com', '*.example.org') },
    rows: rows({ 'abc.example.com/ a.example.org/': 'v2' }, at),
  },
  {
    name: 'of routes that match alike, the older comes first, then the one whose name does',
    http: [
      httpRoute([{ matches: ['/age'], to: ['v1'] }], { name: 'a', createdAt: '2026-01-02T00:00:00Z' }),
      httpRoute([{ matches: ['/age', '/name'], to: ['v2'] }], { name: 'c', createdAt: '2026-01-01T00:00:00Z' }),
      httpRoute([{ matches: ['/name', '/none'], to: ['v3'] }], { name: 'b', createdAt: '2026-01-01T00:00:00Z' }),
      httpRoute([{ matches: ['/none'], to: ['v1'] }], { name: 'a-without-age' }),
    ],
    rows: rows({ '/age': 'v2', '/name /none': 'v3' }, ask),
  },
  {
    name: 'a pattern takes whole paths and comes behind exact paths',
    http: [
      httpRoute([
        { matches: [{ path: { type: 'RegularExpression', value: '/(a|b)[0-9]+' } }], to: ['v1'] },
        { matches: ['/a1'], to: ['v2'] },
        { matches: [{ path: exact('/b2') }], to: ['v3'] },
      ]),
    ],
    rows: rows({ '/a1 /b22': 'v1', '/a1/x': 'v2', '/b2': 'v3', '/c3 /xa1': '404' }, ask),
  },
  {
    name: 'a route attaches to a ListenerSet as to a Gateway, and to nothing that it does not name',
    http: [
      httpRoute([{ to: ['v1'] }], {
        name: 'both',
        parents: [{}, { kind: 'ListenerSet', name: 'set' }],
        hostnames: ['*.both'],
      }),
      httpRoute([{ to: ['v2'] }], { name: 'gateway' }),
      httpRoute([{ to: ['v3'] }], { name: 'set', parents: [{ kind: 'ListenerSet', name: 'set', sectionName: 'a' }] }),
    ],
    around: {
      listeners: [
        listener({ hostname: '*.gateway' }),
        listener({ hostname: 'x.both' }),
        ...['a', 'b'].map(section =>
          listener({
            parent: { kind: 'ListenerSet', namespace: NAMESPACE, name: 'set' },
            section,
            hostname: `${section}.both`,
          }),
        ),
      ],
    },
    rows: rows({ 'x.both/ a.both/ b.both/': 'v1', 'x.gateway/': 'v2', 'x.other/': '404' }, at),
  },
]);

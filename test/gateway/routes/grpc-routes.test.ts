import { grpcRoute, listeners, values } from './scene.ts';
import { rows, testTables } from './table.ts';

const SERVICE = 'grpcecho.GrpcEcho';

function call(method: string): { path: string } {
  return { path: `/${SERVICE}/${method}` };
}

const exactly = (method: { service?: string; method?: string }) => ({ method: { type: 'Exact', ...method } });
const pattern = (method: { service?: string; method?: string }) => ({
  method: { type: 'RegularExpression', ...method },
});

testTables([
  {
    name: 'a method of a service is an exact path',
    grpc: [
      grpcRoute([
        { matches: [exactly({ service: SERVICE, method: 'Echo' })], to: ['v1'] },
        { matches: [exactly({ service: SERVICE, method: 'EchoTwo' })], to: ['v2'] },
      ]),
    ],
    rows: rows({ Echo: 'v1', EchoTwo: 'v2', 'EchoThree echo Echo/': '404' }, call),
  },
  {
    name: 'headers without a method take all calls',
    grpc: [
      grpcRoute([
        { matches: [{ headers: values('version=one') }], to: ['v1'] },
        { matches: [{ headers: values('version=two') }], to: ['v2'] },
        { matches: [{ headers: values('version=two', 'color=orange') }], to: ['v1'] },
      ]),
    ],
    rows: [
      { ...call('Echo'), headers: { version: 'one' }, gets: 'v1' },
      { ...call('Echo'), headers: { version: 'two' }, gets: 'v2' },
      { ...call('Echo'), headers: { version: 'two', color: 'orange' }, gets: 'v1' },
      { ...call('Echo'), headers: { color: 'orange' }, gets: '404' },
    ],
  },
  {
    name: 'a rule without matches takes all calls',
    grpc: [grpcRoute([{ to: ['v3'] }])],
    rows: rows({ 'Echo Other': 'v3' }, call),
  },
  {
    name: 'each section serves the routes that name it',
    grpc: [
      grpcRoute([{ to: ['v1'] }], { name: 'a', parents: [{ sectionName: 'bar.com' }] }),
      grpcRoute([{ to: ['v2'] }], { name: 'b', parents: [{ sectionName: 'foo.bar.com' }] }),
      grpcRoute([{ to: ['v3'] }], { name: 'c', parents: [{ sectionName: '*.bar.com' }, { sectionName: '*.foo.com' }] }),
    ],
    around: { listeners: listeners('bar.com', 'foo.bar.com', '*.bar.com', '*.foo.com') },
    rows: rows(
      { 'bar.com': 'v1', 'foo.bar.com': 'v2', 'a.bar.com a.b.foo.com': 'v3', 'foo.com x.host': '404' },
      host => ({
        host,
        ...call('Echo'),
      }),
    ),
  },
  {
    name: 'the service counts more than the method, the method more than headers, and headers more than age',
    grpc: [
      grpcRoute([{ to: ['v1'] }], { name: 'all', createdAt: '2026-01-01T00:00:00Z' }),
      grpcRoute([{ matches: [exactly({ method: 'Echo' })], to: ['v2'] }], {
        name: 'method',
        createdAt: '2026-01-02T00:00:00Z',
      }),
      grpcRoute([{ matches: [exactly({ service: SERVICE })], to: ['v3'] }], {
        name: 'service',
        createdAt: '2026-01-03T00:00:00Z',
      }),
      grpcRoute([{ matches: [{ headers: values('version=two') }], to: ['v3'] }], {
        name: 'headers',
        createdAt: '2026-01-04T00:00:00Z',
      }),
      grpcRoute(
        [
          { matches: [exactly({ service: SERVICE, method: 'Best' })], to: ['v1'] },
          {
            matches: [{ ...exactly({ service: SERVICE, method: 'Best' }), headers: values('version=two') }],
            to: ['v2'],
          },
        ],
        { name: 'both', createdAt: '2026-01-05T00:00:00Z' },
      ),
    ],
    rows: [
      { path: `/${SERVICE}/Echo`, gets: 'v3' },
      { path: '/other.Service/Echo', headers: { version: 'two' }, gets: 'v2' },
      { path: '/other.Service/Other', headers: { version: 'two' }, gets: 'v3' },
      { path: '/other.Service/Other', gets: 'v1' },
      { path: `/${SERVICE}/Best`, gets: 'v1' },
      { path: `/${SERVICE}/Best`, headers: { version: 'two' }, gets: 'v2' },
    ],
  },
  {
    name: 'patterns take whole names of services and methods',
    grpc: [
      grpcRoute([
        { matches: [pattern({ service: 'a|b', method: 'Get[A-Z]' })], to: ['v1'] },
        { matches: [pattern({ method: 'List.*' })], to: ['v2'] },
      ]),
    ],
    rows: rows(
      { '/a/GetA /b/GetB': 'v1', '/x/List /x/ListAll': 'v2', '/ab/GetA /a/Get /x/y/ListAll': '404' },
      path => ({
        path,
      }),
    ),
  },
]);

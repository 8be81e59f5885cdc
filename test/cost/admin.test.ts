import { describe, it, type TestContext } from 'node:test';
import { RouteTable } from '../../src/routing/table.ts';
import { adminServer } from '../admin/admin-fixture.ts';
import { startDashboard } from '../admin/dashboard/dashboard-fixture.ts';
import { get } from '../support/exchange.ts';
import { route } from '../support/routes.ts';
import { assertAffordable } from './cost.ts';

/** So many that what is done for each of them shows. */
const TABLE = RouteTable.of(
  Array.from({ length: 10_000 }, (_, index) => {
    const name = `service-${index}`;
    return route(`/${name}/a/b/c`, { service: { namespace: 'default', name } });
  }),
);

/** Node's servers refuse a head of more than 16 KiB. */
const QUERY_BYTES = 15_000;

function filled(unit: string): string {
  return unit.repeat(QUERY_BYTES / unit.length);
}

/** Questions on the status listener, which asks for no rights, and on the admin socket. */
const SEARCHES: ReadonlyMap<string, string> = new Map([
  ['a word again and again', filled('a+')],
  [
    'words that all occur',
    `/ - a b c d e f s v ${'service default 127.0.0.1:80 '.repeat(500)}`.slice(0, QUERY_BYTES).replaceAll(' ', '+'),
  ],
  ['as many different words as may be searched for', [...'/-.:0127abcdefilrstuv'].join('+')],
  ['blanks', filled('+')],
  ['a word that almost occurs', filled('service-')],
]);

const PATHS: ReadonlyMap<string, string> = new Map([
  ['escapes', `/${filled('%25c3')}`],
  ['segments', filled('/a')],
  ['capital letters', `/${filled('A')}`],
  ['characters beyond ASCII', `/${filled('%C3%A4')}`],
  ['labels', `http://${filled('a.')}/`],
  ['a target that is refused', `/${filled('%25zz')}`],
]);

describe('no question about the routes costs more than a plain one of its size', () => {
  it('GET /dashboard/routes?search=', async t => {
    const { at, control } = await startDashboard(t, 1000);
    control.table = TABLE;
    for (const [name, search] of SEARCHES) {
      await t.test(name, async () => {
        // Found everywhere, so that all routes are sorted.
        const plain = '/dashboard/routes?search=service';
        await assertAffordable(
          name,
          () => get(at, `/dashboard/routes?search=${search}`),
          () => get(at, plain),
        );
      });
    }
  });

  it('GET /dashboard/explain?path=', async t => {
    const { at, control } = await startDashboard(t, 1000);
    control.table = TABLE;
    await explained(t, '/dashboard/explain', target => get(at, target));
  });

  it('GET /explain?path=', async t => {
    const { at, control } = await adminServer(t);
    control.table = TABLE;
    await explained(t, '/explain', target => get(at, target));
  });
});

async function explained(t: TestContext, place: string, ask: (target: string) => Promise<unknown>): Promise<void> {
  for (const [name, path] of PATHS) {
    await t.test(name, async () => {
      const plain = `${place}?host=test&path=/${'s'.repeat(path.length - 1)}`;
      await assertAffordable(
        name,
        () => ask(`${place}?host=test&path=${path}`),
        () => ask(plain),
      );
    });
  }
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dig } from '../deploy/objects.ts';
import { DASHBOARD, panels, variables } from './dashboard-file.ts';

const graphs = panels().filter(({ type }) => type !== 'row');

describe('the dashboard', () => {
  it('is a model of Grafana 10 and later, with a name that stays', () => {
    assert.equal(dig(DASHBOARD, 'uid'), 'kube-entry');
    assert.equal(dig(DASHBOARD, 'schemaVersion'), 39);
    // An id is of the Grafana that exported it; one that imports gives its own.
    assert.equal(dig(DASHBOARD, 'id'), undefined);
  });

  it('asks the data source that is chosen, everywhere', () => {
    assert.deepEqual(
      variables().map(({ name }) => name),
      ['datasource', 'job', 'instance', 'namespace', 'service'],
    );
    const uids = [...JSON.stringify(DASHBOARD).matchAll(/"datasource":\{"type":"prometheus","uid":"([^"]*)"\}/g)];
    assert.ok(uids.length > graphs.length);
    assert.deepEqual([...new Set(uids.map(([, uid]) => uid))], ['$datasource']);
  });

  it('has a row for each concern', () => {
    const rows = panels().filter(({ type }) => type === 'row');
    assert.deepEqual(
      rows.map(({ title }) => title),
      [
        ...['Traffic', 'Latency', 'Errors', 'Connections', 'Upstreams', 'Endpoints', 'Policies', 'TLS', 'HTTP/2'],
        ...['Routes', 'Gateways', 'Certificates', 'Watch on the Kubernetes API', 'Process'],
      ],
    );
  });

  it('numbers every panel once, and lays none over another', () => {
    const all = panels();
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    const taken = new Set<string>();
    for (const { title, place } of all) {
      assert.ok(place.x >= 0 && place.x + place.w <= 24, title);
      for (let x = place.x; x < place.x + place.w; x += 1) {
        for (let y = place.y; y < place.y + place.h; y += 1) {
          assert.ok(!taken.has(`${x} ${y}`), `${title} lies on another`);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  for (const { title, type, description, unit, queries } of graphs) {
    it(`explains ${title}, and says its unit`, () => {
      assert.ok(['timeseries', 'stat'].includes(type), type);
      assert.match(String(description), /^[A-Z0-9].{20,}\.$/s);
      assert.match(String(unit), /^[a-zA-Z_]+$/);
      assert.ok(queries.length > 0);
      for (const query of queries) assert.match(query, /job="\$job",instance=~"\$instance"/);
    });
  }
});

/** Time and chance come from src/clock.ts, or from a parameter, so that tests can say what they are. The exceptions are named. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';

const SRC = join(import.meta.dirname, '../src');

/** Files of src that ask the system themselves, by reason. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  'this is the clock': ['clock.ts'],
  'only the default of a parameter': [
    'admin/dashboard/sampler.ts',
    'admin/dashboard/viewers.ts',
    'control/announcer.ts',
    'control/descriptor-watch.ts',
    'control/health/endpoint-health.ts',
    'control/kube-gateways.ts',
    'failures/failure-throttle.ts',
    'dataplane/names/name-resolver.ts',
    'dataplane/node/upstream-pool.ts',
    'observe/quiet-log.ts',
    'sources/kube/demand-source.ts',
    'sources/kube/endpoint-slice-source.ts',
    'sources/kube/events.ts',
    'control/status/gateway-publication.ts',
    'control/status/gateway-service-publication.ts',
    'control/status/status-election.ts',
    'control/status/status-publication.ts',
    'sources/kube/gateway-service-source.ts',
    'sources/kube/gateway-source.ts',
    'sources/kube/ingress-source.ts',
    'sources/kube/kube-source.ts',
    'sources/kube/leader-election.ts',
  ],
  'says when something happened, or how long it took: nothing is decided by it': [
    'admin/status-server.ts',
    'admin/dashboard/feed.ts',
    'cli/backends.ts',
    'cli/certificates.ts',
    'cli/check.ts',
    'cli/routes.ts',
    'cli/status.ts',
    'control/route-control.ts',
    'control/kube-route-source.ts',
    'control/route-source.ts',
    'dataplane/fields/http-date.ts',
    'dataplane/pipeline/exchange-record.ts',
    'dataplane/pipeline/failure-reporter.ts',
    'workers/worker-thread.ts',
  ],
  'spreads load, and any outcome is right': [
    'workers/worker.ts',
    'dataplane/clusters/shared-connections.ts',
    'dataplane/clusters/upstream-pools.ts',
    'dataplane/http2/server/http2-connection.ts',
    'dataplane/pipeline/canary.ts',
    'dataplane/pipeline/policy-retries.ts',
  ],
  'waits for the system: a file, a pipe, a socket, a process, a terminal': [
    'admin/app.ts',
    'admin/metrics-answers.ts',
    'cli/watch/watch.ts',
    'dataplane/log/line-sink.ts',
    'dataplane/names/dns-query.ts',
    'observe/program-log.ts',
    'process/end.ts',
    'process/signals.ts',
    'sources/followed-manifest.ts',
    'sources/kube/kubeconfig/plugin-process.ts',
    'sources/manifests.ts',
    'workers/port-lock.ts',
    'workers/supervisor.ts',
  ],
};

const SYSTEM = /\b(?:Date|performance)\.now\b|\bMath\.random\b|(?<![.\w])set(?:Timeout|Interval)\(/;

it('only these files ask the system for the time or for chance', () => {
  const allowed = new Set(Object.values(EXCEPTIONS).flat());
  const asking = globSync('**/*.ts', { cwd: SRC, exclude: ['admin/dashboard/page/**'] }).filter(file => {
    const lines = readFileSync(join(SRC, file), 'utf8').split('\n');
    return lines.some(line => SYSTEM.test(line) && !/^\s*(?:\/?\*|\/\/)/.test(line));
  });
  const others = asking.filter(file => !allowed.has(file));
  assert.deepEqual(others, [], 'take a Clock, or add the file to its reason');
});

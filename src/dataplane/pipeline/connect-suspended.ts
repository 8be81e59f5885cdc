import type { EndpointState } from '../clusters/endpoint-state.ts';
import type { ConnectionSeeker } from '../clusters/upstream-connector.ts';
import { CONNECTING, type ExchangeState } from './exchange-state.ts';
import type { PipelineContext } from './pipeline-context.ts';

/** Suspends an exchange until a connection has been made for it. @param seeker hears of it unless the exchange has gone on */
export function connectSuspended(
  { pools, engine }: PipelineContext,
  state: ExchangeState,
  endpoint: EndpointState,
  timeoutMs: number,
  seeker: ConnectionSeeker,
): void {
  state.enter(CONNECTING);
  const { generation } = state;
  const { client } = state.downstream;
  client.connects += 1;
  pools.connect(endpoint, timeoutMs, {
    connected: upstream => {
      client.connects -= 1;
      // Made for a request that has ended meanwhile, the connection is as good as new for another one.
      if (state.generation === generation) seeker.connected(upstream);
      else upstream.release();
    },
    connectFailed: (reason, error) => {
      client.connects -= 1;
      if (state.generation === generation) seeker.connectFailed(reason, error);
    },
    crashed: error => {
      if (state.generation === generation) seeker.crashed(error);
      else engine.failures.reportBug(error);
    },
  });
}

/** A worker thread: one engine, its table and settings, and the messages that change them between two requests. */
import { parentPort, workerData } from 'node:worker_threads';
import { codeOf, messageOf } from '../errors.ts';
import { WorkerCounters } from '../observe/counters.ts';
import { LineSink } from '../observe/line-sink.ts';
import { WriteTurn } from '../observe/write-turn.ts';
import { AccessLog } from '../proxy/access-log.ts';
import { createEngine } from '../proxy/create-engine.ts';
import type { EngineState } from '../proxy/engine.ts';
import { DEFAULT_ERROR_PAGE } from '../proxy/error-pages.ts';
import { RouteTable } from '../routing/table.ts';
import type { FromWorker, ToWorker, WorkerInit } from './messages.ts';

const init = workerData as WorkerInit;
const counters = new WorkerCounters(init.counters);
const state: EngineState = {
  table: init.table && RouteTable.EMPTY.apply(init.table),
  settings: init.settings,
  errorPage: init.errorPage ?? DEFAULT_ERROR_PAGE,
};
const turn = new WriteTurn(init.logTurn.shared, init.logTurn.id);
const sink = new LineSink(init.settings.accessLogPath, turn, {
  onDrop: lines => counters.add('accessLogDropped', lines),
  onResume: lost => say({ type: 'log-lost', lines: lost }),
  onError: error => say({ type: 'log-error', message: messageOf(error) }),
});
const engine = await createEngine(init.settings.engine, {
  state,
  counters,
  accessLog: new AccessLog(sink, init.settings.accessLog),
});

function say(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function end(): void {
  engine.close();
  sink.flush();
  parentPort?.close();
}

parentPort?.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'table':
      state.table = (state.table ?? RouteTable.EMPTY).apply(message.delta);
      say({ type: 'acknowledged', version: message.delta.version });
      break;
    case 'settings':
      state.settings = message.settings;
      engine.settingsChanged();
      break;
    case 'error-page':
      state.errorPage = message.html ?? DEFAULT_ERROR_PAGE;
      break;
    case 'reopen-log':
      sink.reopen();
      break;
    case 'drain':
      void engine.drain().then(() => {
        sink.flush();
        say({ type: 'drained' });
      });
      break;
    case 'close':
      end();
      break;
  }
});

try {
  const address = await engine.listen(init.listen, init.reusePort);
  if (state.table !== undefined) say({ type: 'acknowledged', version: state.table.version });
  say({ type: 'listening', address });
} catch (error) {
  say({ type: 'failed', message: messageOf(error), code: codeOf(error) ?? '' });
  end();
}

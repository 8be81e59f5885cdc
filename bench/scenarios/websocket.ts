import { runWebSockets } from '../load/websocket.ts';
import { cpuMicros, residentBytes } from '../measure/process-tree.ts';
import type { Scenario, Target } from './scenario.ts';
import { ONE_PREFIX } from './wrk-scenario.ts';

const CONNECTIONS = 64;

export const webSocketEcho: Scenario = {
  name: 'websocket',
  title: 'WebSocket echo of 64 bytes, 64 connections',
  unit: 'message',
  prefixes: ONE_PREFIX,
  accessLog: false,
  backend: 'websocket',
  check: target => run(target, 1, 0.1),
  warmUp: (target, seconds) => run(target, CONNECTIONS, seconds),
  async measure(target, seconds) {
    const { pid } = target.proxy.program;
    const before = cpuMicros(pid);
    const { messages, micros, p50, p99 } = await run(target, CONNECTIONS, seconds);
    const cpu = (cpuMicros(pid) - before) / messages;
    return { cpu, rate: messages / (micros / 1e6), p50, p99, rss: residentBytes(pid) };
  },
};

function run({ port }: Target, connections: number, seconds: number) {
  return runWebSockets(port, `${ONE_PREFIX[0]}/echo`, connections, seconds);
}

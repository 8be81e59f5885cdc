/** `status --watch`: asks a running instance again and again, through its restarts. */
import { setTimeout as delay } from 'node:timers/promises';
import { KubeEntryError } from '../../errors.ts';
import { formatYaml } from '../../formats/yaml.ts';
import { printableLines } from '../../text/printable.ts';
import { AdminClient, TIMEOUT_MS } from '../admin-client.ts';
import { EXIT } from '../command.ts';
import type { Io } from '../io.ts';
import type { OutputFormat } from '../output.ts';
import { Screen } from '../terminal/screen.ts';
import { type Frame, renderLine, renderScreen, viewFrame } from './frame.ts';
import { takeSample } from './sample.ts';
import { trafficBetween } from './traffic.ts';

const INTERVAL_MS = 1_000;
/** With ten thousand Services an answer takes long. The pause keeps the questions from becoming the instance's main work. */
const LARGEST_SHARE = 1 / 4;
const LONGEST_PAUSE_MS = 10_000;

/** Shows it until Ctrl-C. @returns the exit code */
export async function watchStatus(socket: string, format: OutputFormat, io: Io): Promise<number> {
  const stopped = new AbortController();
  const forget = io.onStop(() => stopped.abort());
  const client = new AdminClient(socket, TIMEOUT_MS, stopped.signal);
  let frame: Frame = { socket, time: Date.now(), sample: undefined, traffic: undefined, outage: undefined };
  const { terminal, paint } = io;
  const screen =
    format === 'table' && terminal !== undefined && !terminal.isDumb
      ? new Screen(terminal, () => renderScreen(frame, { columns: terminal.columns, rows: terminal.rows, paint }))
      : undefined;
  try {
    let sampledAt = 0;
    while (!stopped.signal.aborted) {
      const askedAt = performance.now();
      try {
        const sample = await takeSample(client);
        const { sample: before } = frame;
        const isSame = before !== undefined && before.startedAt === sample.startedAt;
        const seconds = (askedAt - sampledAt) / 1000;
        const traffic = isSame ? trafficBetween(before.counts, sample.counts, seconds) : undefined;
        frame = { ...frame, time: Date.now(), sample, traffic, outage: undefined };
        sampledAt = askedAt;
      } catch (error) {
        if (stopped.signal.aborted) break;
        if (!(error instanceof KubeEntryError)) throw error;
        const now = Date.now();
        frame = { ...frame, time: now, outage: { since: frame.outage?.since ?? now, reason: error.message } };
      }
      if (screen === undefined) io.print(formatFrame(frame, format));
      else screen.draw();
      const took = performance.now() - askedAt;
      const pause = frame.outage === undefined ? took / LARGEST_SHARE : 0;
      await delay(Math.max(0, Math.min(LONGEST_PAUSE_MS, Math.max(INTERVAL_MS, pause)) - took), undefined, {
        signal: stopped.signal,
      }).catch(() => undefined);
    }
  } finally {
    screen?.close();
    forget();
  }
  return EXIT.ok;
}

/** JSON in a line of its own, YAML as a document of its own. */
function formatFrame(frame: Frame, format: OutputFormat): string {
  switch (format) {
    case 'table':
      return renderLine(frame);
    case 'json':
      return printableLines(JSON.stringify(viewFrame(frame)));
    case 'yaml':
      return `---\n${formatYaml(viewFrame(frame)).trimEnd()}`;
  }
}

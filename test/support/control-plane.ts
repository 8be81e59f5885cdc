import type { ControlPlane, Finding, SourceReport } from '../../src/admin/control-plane.ts';
import type { Conflict } from '../../src/routing/ledger.ts';
import { RouteTable } from '../../src/routing/table.ts';

/** A control plane that says what it is told to say and remembers what is pushed. */
export class FakeControlPlane implements ControlPlane {
  isInitialised = false;
  isDraining = false;
  table = RouteTable.EMPTY;
  mergeSlashes = true;
  conflictList: readonly Conflict[] = [];
  refusalList: readonly Finding[] = [];
  warningList: readonly Finding[] = [];
  sourceReport: SourceReport = { kind: 'push', synced: true };
  settings: Readonly<Record<string, unknown>> = {};
  metricsBody = 'up 1\n';
  /** Bodies that were taken. */
  readonly pushedBackends: string[] = [];
  readonly pushedGeneral: unknown[] = [];
  /** Thrown by the next pushes, which then change nothing. */
  refusal: Error | undefined;

  conflicts(): readonly Conflict[] {
    return this.conflictList;
  }

  refusals(): readonly Finding[] {
    return this.refusalList;
  }

  warnings(): readonly Finding[] {
    return this.warningList;
  }

  source(): SourceReport {
    return this.sourceReport;
  }

  backends(): string {
    return this.pushedBackends.at(-1) ?? '[]';
  }

  async pushBackends(body: string): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.pushedBackends.push(body);
  }

  general(): Readonly<Record<string, unknown>> {
    return this.settings;
  }

  async pushGeneral(settings: unknown): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.pushedGeneral.push(settings);
  }

  async metrics(): Promise<{ readonly contentType: string; readonly body: Uint8Array }> {
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: Buffer.from(this.metricsBody) };
  }
}

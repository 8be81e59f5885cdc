/** What the control plane says, in the form that the page gets. */
import type { ControlPlane, ObservedControlPlane } from '../../control/control-plane.ts';
import { stalenessOf } from '../../control/staleness.ts';
import { viewCertificates } from '../certificate-view.ts';
import { viewDiagnostic } from '../diagnostic-view.ts';
import type { CertificateRow, Diagnostics, Excerpt, Health } from './messages.ts';

/** Diagnostics of each severity that the page gets; `kube-entry routes` lists all. */
const LISTED = 100;
/** Certificates that the page gets, and names of each; `kube-entry certificates` lists all. */
const CERTIFICATES = 50;
const NAMES = 5;

/** @param at milliseconds since the epoch */
export function healthOf(control: ObservedControlPlane, at: number): Health {
  const state = control.programState();
  const source = control.source();
  const stale = stalenessOf(source, at);
  const watch = state.kubeWatch;
  return {
    at,
    program: control.program,
    phase: control.isDraining ? 'draining' : control.isInitialised ? 'serving' : 'waiting',
    routes: state.routes,
    configVersion: state.configVersion,
    configChangedAt: state.configLastChangeMs ?? null,
    workers: control.workers(),
    workerRestarts: state.workerRestarts,
    stale: stale === undefined ? null : { since: Date.parse(stale.since), reason: stale.reason },
    source: { kind: source.kind, synced: source.synced, problem: source.problem ?? '' },
    watch: watch ? { events: watch.events, restarts: watch.restarts, lastEventAt: watch.lastEventMs ?? null } : null,
  };
}

export function diagnosticsOf(control: Pick<ControlPlane, 'refusals' | 'conflicts' | 'warnings'>): Diagnostics {
  return {
    refusals: excerpt(control.refusals(), LISTED, viewDiagnostic),
    conflicts: excerpt(control.conflicts(), LISTED, conflict => conflict),
    warnings: excerpt(control.warnings(), LISTED, viewDiagnostic),
  };
}

export function certificatesOf({ certificates }: Pick<ControlPlane, 'certificates'>): Excerpt<CertificateRow> {
  return excerpt(viewCertificates(certificates.all()), CERTIFICATES, certificate => ({
    ...certificate,
    names: excerpt(certificate.names, NAMES, name => name),
    validUntil: certificate.validUntil === null ? null : Date.parse(certificate.validUntil),
    askedBy: excerpt(certificate.askedBy, NAMES, service => service),
  }));
}

/** The first of a list, each as `view` shows it. */
export function excerpt<Item, View>(items: readonly Item[], most: number, view: (item: Item) => View): Excerpt<View> {
  return { total: items.length, items: items.slice(0, most).map(view) };
}

/** What `kube-entry migrate` found: the one value that every form of its output shows. */

/**
 * What becomes of something that ingress-nginx is told. `works`: as there. `differs`: it works, and not as there. `unsupported`: it does
 * nothing here. `refused`: requests are not served because of it. `dead`: ingress-nginx itself ignores it, so nothing is lost.
 */
export type Verdict = 'works' | 'differs' | 'unsupported' | 'refused' | 'dead';

/** From the one that matters least to the one that matters most. */
export const VERDICTS: readonly Verdict[] = ['works', 'dead', 'differs', 'unsupported', 'refused'];

/** An annotation, a part of the spec, a key of the ConfigMap or a flag of the controller. */
export interface Finding {
  readonly field: string;
  /** As it is written; absent where nothing is. */
  readonly value?: string;
  readonly verdict: Verdict;
  /** Absent where it works and there is nothing to say. */
  readonly reason?: string;
  /** The line that mends it: of the Ingress, of the ConfigMap, or of the command line of kube-entry. */
  readonly mend?: string;
  /** The reason holds for any value of the annotation: it is told once, and not for each Ingress. */
  readonly isGeneral?: true;
}

/** Something that ingress-nginx does without a word, beside the annotations that it ignores: a stable name for each kind. */
export type SilenceKind =
  | 'Conflict'
  | 'PathDropped'
  | 'RegexMode'
  | 'CanaryUnused'
  | 'CanaryShared'
  | 'CanaryIsBackend'
  | 'FakeCertificate'
  | 'NoBackend'
  | 'SettingLost'
  | 'OldVersionServed';

export interface Silence {
  readonly kind: SilenceKind;
  readonly message: string;
  readonly mend?: string;
}

export interface IngressReport {
  readonly namespace: string;
  readonly name: string;
  readonly hosts: readonly string[];
  /** The one of its findings that matters most; `dead` where ingress-nginx serves nothing of it. */
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly silences: readonly Silence[];
}

export interface MigrationReport {
  /** Whose flags were read: `Deployment ingress-nginx/ingress-nginx-controller`, or the values file. Absent: none was found. */
  readonly controller?: string;
  readonly flags: readonly Finding[];
  /** Keys of the ConfigMap. */
  readonly config: readonly Finding[];
  /** Values of ingress-nginx's chart that ours does not take; empty where no values were read. */
  readonly values: readonly Finding[];
  /** By namespace and name. */
  readonly ingresses: readonly IngressReport[];
  /** Of other classes: they are none of the controller's. */
  readonly otherIngresses: number;
  /** What kube-entry is to be started with, to serve the same. */
  readonly serveWith: readonly string[];
  /** What it needs besides once it is the one that writes the status of Ingresses. */
  readonly takeOverWith: readonly string[];
  /** What has been taken for granted. */
  readonly notes: readonly string[];
  /** What could not be read, and is not judged. */
  readonly unread: readonly string[];
  /** Something is refused or unsupported: it would be lost. */
  readonly isLossy: boolean;
}

export function isLoss(verdict: Verdict): boolean {
  return verdict === 'refused' || verdict === 'unsupported';
}

/** The one that matters most; `works` for none. */
export function worst(verdicts: Iterable<Verdict>): Verdict {
  let most: Verdict = 'works';
  for (const verdict of verdicts) if (VERDICTS.indexOf(verdict) > VERDICTS.indexOf(most)) most = verdict;
  return most;
}

/** What is to be said of Ingresses while their routes are written: what differs, and what cannot be said. */
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import { NGINX_PREFIX } from '../../translate/ingress/ingress-values.ts';
import { type Finding, type Verdict, worst } from '../report.ts';

export interface Remark {
  /** Annotations that ask for it, without their prefix; the Ingress has some of them, or none where the ConfigMap asks for it. */
  readonly names: readonly string[];
  readonly verdict: Extract<Verdict, 'differs' | 'unsupported' | 'refused'>;
  readonly reason: string;
  readonly mend?: string;
}

export class Remarks {
  readonly #byIngress = new Map<string, Remark[]>();

  say(ingress: ServiceRef, remark: Remark): void {
    const key = serviceKey(ingress);
    const said = this.#byIngress.get(key) ?? [];
    this.#byIngress.set(key, said);
    const at = said.findIndex(({ reason, names }) => reason === remark.reason && names[0] === remark.names[0]);
    const before = said[at];
    if (before === undefined) said.push(remark);
    else said[at] = { ...before, ...bothMends(before, remark) };
  }

  /** @param findings what becomes of its annotations as long as it is an Ingress */
  applyTo(ingress: ServiceRef, findings: readonly Finding[]): Finding[] {
    const remarks = this.#byIngress.get(serviceKey(ingress)) ?? [];
    const fields = new Set(findings.map(({ field }) => field));
    const fieldsOf = ({ names }: Remark): string[] =>
      names.map(name => NGINX_PREFIX + name).filter(field => fields.has(field));
    const without = remarks.filter(remark => fieldsOf(remark).length === 0);
    return [
      ...findings.map(finding =>
        withRemarks(
          finding,
          remarks.filter(one => fieldsOf(one)[0] === finding.field),
        ),
      ),
      ...without.map(
        ({ names: [name], verdict, reason, mend }): Finding => ({
          field: name === undefined ? 'spec' : `${name} of the ConfigMap`,
          ...{ verdict, reason, ...(mend !== undefined && { mend }) },
        }),
      ),
    ];
  }
}

/** Each Service has a line of its own. */
function bothMends({ mend: before }: Remark, { mend }: Remark): Pick<Remark, 'mend'> {
  if (mend === undefined || before === undefined || before.split(' && ').includes(mend)) return {};
  return { mend: `${before} && ${mend}` };
}

function withRemarks(finding: Finding, remarks: readonly Remark[]): Finding {
  if (remarks.length === 0) return finding;
  const reasons = remarks.map(({ reason }) => reason);
  const isOwn = finding.verdict !== 'works' && finding.isGeneral !== true && finding.reason !== undefined;
  const own = isOwn ? [finding.reason] : [];
  const mend = remarks.find(one => one.mend !== undefined)?.mend ?? finding.mend;
  const { isGeneral: _, ...rest } = finding;
  return {
    ...rest,
    verdict: worst([finding.verdict, ...remarks.map(({ verdict }) => verdict)]),
    reason: [...own, ...reasons].join('; '),
    ...(mend !== undefined && { mend }),
  };
}

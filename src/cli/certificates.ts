import type { CertificateView } from '../admin/certificate-view.ts';
import { isObject } from '../resources/service-object.ts';
import { AdminClient } from './admin-client.ts';
import { certificatesReport } from './certificates-report.ts';
import { type Command, EXIT } from './command.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';

export const certificates: Command = {
  name: 'certificates',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'list the certificates of a running instance, until when they are valid, and problems',
  description: [
    'Asks over the admin socket. The default certificate, and that of each Secret which a Service names for its hosts, is a',
    'line: the names that it is valid for, who issued it, until when it is valid, and which Services ask for it. Those with a',
    'problem come first, then those that expire first. Exits 1 if one has a problem. Nothing that is printed is secret.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry certificates', note: 'for people' },
    { line: 'kube-entry certificates --output json', note: 'for scripts' },
  ],
  settings: ['adminSocket', 'logLevel', 'config'],
  options: { output: OUTPUT_OPTION },
  async run({ settings, flags, io }) {
    const format = outputFormat(flags);
    const found = await askCertificates(new AdminClient(settings.adminSocket));
    const layout = { width: io.terminal?.columns, paint: io.paint };
    io.print(formatAnswer(format, found, () => certificatesReport(found, Date.now(), layout)));
    return found.some(({ problems }) => problems.length > 0) ? EXIT.no : EXIT.ok;
  },
};

/** Fields are checked before use, because the instance's version may differ from ours. */
async function askCertificates(client: AdminClient): Promise<CertificateView[]> {
  const value = await client.json('/certificates');
  return Array.isArray(value) ? value.filter(isCertificate) : [];
}

function isCertificate(value: unknown): value is CertificateView {
  return (
    isObject(value) &&
    typeof value.certificate === 'string' &&
    typeof value.issuer === 'string' &&
    (value.validUntil === null || typeof value.validUntil === 'string') &&
    areTexts(value.names) &&
    areTexts(value.askedBy) &&
    Array.isArray(value.problems) &&
    value.problems.every(problem => isObject(problem) && typeof problem.message === 'string')
  );
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

/** The report as one HTML file: it needs no network, runs no script, and shows what stands in objects as text alone. */
import { printable } from '../../text/printable.ts';
import type { Finding, IngressReport, MigrationReport, Silence } from '../report.ts';
import {
  conclusion,
  countsOf,
  GENERAL,
  GENERAL_HEADING,
  generalFindings,
  ingressCount,
  ingressNames,
  notable,
  ownFindings,
  silenceText,
  TAKE_OVER,
  UNREAD,
  VERDICT_MEANING,
} from './words.ts';

/** A piece of HTML that may be put into a page as it is. */
interface Html {
  readonly html: string;
}

type Piece = Html | string | number | readonly Piece[];

/** Escapes every value that is no piece of HTML. */
function html(texts: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return {
    html: texts.map((text, index) => text + (index < values.length ? htmlOf(values[index] as Piece) : '')).join(''),
  };
}

function htmlOf(value: Piece): string {
  if (Array.isArray(value)) return (value as readonly Piece[]).map(htmlOf).join('');
  if (typeof value === 'object') return (value as Html).html;
  return escaped(String(value));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, sign => ESCAPES[sign] ?? sign);
}

const STYLE: Html = {
  html: `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: .75rem; border: 1px solid #8884; border-radius: .4rem; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-top: 1px solid #8884; }
h2 { margin-top: 2.5rem; font-size: 1.15rem; }
.verdict { font-weight: 600; padding: 0 .45rem; border-radius: .6rem; background: #8882; white-space: nowrap; }
.refused, .unsupported { background: #e5484d33; }
.differs { background: #f5a62333; }
.works { background: #30a46c33; }
`,
};

export function htmlReport(report: MigrationReport): string {
  const { controller, flags, config, values, ingresses, otherIngresses, serveWith, takeOverWith, notes, unread } =
    report;
  const shown = notable(ingresses);
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>From ingress-nginx to kube-entry</title>
<style>${STYLE}</style>
</head>
<body>
<h1>From ingress-nginx to kube-entry</h1>
<p><strong>${conclusion(report)}</strong> ${countsOf(ingresses)}.</p>
<pre><code>kube-entry serve ${serveWith.join(' ')}</code></pre>
${takeOverWith.length === 0 ? [] : html`<p>${TAKE_OVER}:</p><pre><code>${takeOverWith.join(' ')}</code></pre>`}
<ul>
${controller === undefined ? [] : html`<li>Flags of ${controller}.</li>`}
${otherIngresses === 0 ? [] : html`<li>${ingressCount(otherIngresses)} of other classes: left out.</li>`}
${notes.map(note => html`<li>${note}</li>`)}
</ul>
${unread.length === 0 ? [] : html`<h2>${UNREAD}</h2><ul>${unread.map(text => html`<li>${text}</li>`)}</ul>`}
${findingsSection('Flags of the controller', flags)}
${findingsSection('Its ConfigMap', config)}
${findingsSection('Values of its chart', values)}
${overview(ingresses)}
${shown.map(ingressSection)}
${generalSection(ingresses)}
<h2>For all Ingresses</h2>
<ul>${GENERAL.map(text => html`<li>${text}</li>`)}</ul>
</body>
</html>`;
  return page.html;
}

function overview(ingresses: readonly IngressReport[]): Piece {
  if (ingresses.length === 0) return [];
  const rows = ingresses.map(
    ({ namespace, name, hosts, verdict }) => html`
<tr><td>${namespace}/${name}</td><td>${hosts.map(host => host || 'any host').join(', ')}</td><td>${badge(verdict)}</td></tr>`,
  );
  return html`<h2>Ingresses</h2>
<table><tr><th>Ingress</th><th>Hosts</th><th>Verdict</th></tr>${rows}
</table>`;
}

function findingsSection(heading: string, findings: readonly Finding[]): Piece {
  const shown = findings.filter(({ verdict }) => verdict !== 'works');
  return shown.length === 0 ? [] : html`<h2>${heading}</h2>${table(shown)}`;
}

function generalSection(ingresses: readonly IngressReport[]): Piece {
  const items = generalFindings(ingresses).map(
    ({ field, reason, ingresses: names }) =>
      html`<li><code>${field}</code>, ${ingressCount(names.length)} (${ingressNames(names)}): ${reason}</li>`,
  );
  return items.length === 0 ? [] : html`<h2>${GENERAL_HEADING}</h2><ul>${items}</ul>`;
}

function ingressSection(ingress: IngressReport): Html {
  const { namespace, name, verdict, silences } = ingress;
  const shown = ownFindings(ingress);
  const today = html`<p>In ingress-nginx today:</p><ul>${silences.map(silenceItem)}</ul>`;
  return html`
<h2>${namespace}/${name} ${badge(verdict)}</h2>
${shown.length === 0 ? [] : table(shown)}${silences.length === 0 ? [] : today}`;
}

function silenceItem(silence: Silence): Html {
  return html`<li>${silenceText(silence)}.${silence.mend === undefined ? [] : html` Mend: <code>${silence.mend}</code>`}</li>`;
}

function table(findings: readonly Finding[]): Html {
  const rows = findings.map(
    ({ field, value = '', verdict, reason = VERDICT_MEANING[verdict], mend = '' }) => html`
<tr><td><code>${field}</code></td><td><code>${value}</code></td><td>${badge(verdict)}</td><td>${reason}</td><td><code>${mend}</code></td></tr>`,
  );
  return html`<table><tr><th>What</th><th>Value</th><th>Verdict</th><th>Why</th><th>Mend</th></tr>${rows}
</table>`;
}

function badge(verdict: Finding['verdict']): Html {
  return html`<span class="verdict ${verdict}" title="${VERDICT_MEANING[verdict]}">${verdict}</span>`;
}

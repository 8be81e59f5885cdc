/** CPU per small GET as a bar for each contender: an SVG to be read on a light page and on a dark one. */
import { decimals } from './format.ts';
import { medianOf, type Report } from './report.ts';

const SCENARIO = 'small-get';
const WIDTH = 760;
const LABEL_WIDTH = 220;
const VALUE_WIDTH = 70;
const ROW = 28;
const BAR = 18;
const TOP = 48;

/** @returns undefined when the run did not measure it */
export function chart(report: Report): string | undefined {
  const title = report.scenarios.find(({ name }) => name === SCENARIO)?.title;
  const bars = report.contenders
    .flatMap(({ name, title: label }) => {
      const { cpu } = medianOf(report, SCENARIO, name);
      return cpu === undefined ? [] : [{ label, cpu, isOurs: label.startsWith('kube-entry') }];
    })
    .sort((a, b) => a.cpu - b.cpu);
  const longest = bars.at(-1);
  if (title === undefined || longest === undefined) return undefined;
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest.cpu;
  const rows = bars.map(({ label, cpu, isOurs }, index) => {
    const y = TOP + index * ROW;
    const width = (cpu * scale).toFixed(1);
    const text = y + BAR - 4;
    return `  <text class="label" x="${LABEL_WIDTH - 10}" y="${text}">${label}</text>
  <rect class="${isOurs ? 'ours' : 'other'}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR}" rx="2"/>
  <text x="${(LABEL_WIDTH + Number(width) + 8).toFixed(1)}" y="${text}">${decimals(cpu, 0)} µs</text>`;
  });
  const height = TOP + bars.length * ROW + 8;
  const heading = `${title}: CPU per request, less is better`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${heading}</title>
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .heading { font-weight: 600; }
    .label { text-anchor: end; }
    .ours { fill: #0969da; }
    .other { fill: #8c959f; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .ours { fill: #4493f8; }
      .other { fill: #6e7681; }
    }
  </style>
  <text class="heading" x="10" y="24">${heading}</text>
${rows.join('\n')}
</svg>
`;
}

/**
 * Puts the page together: the stream of events on one side, the parts that show them on the other.
 *
 * @import { CertificateRow, Diagnostics, Excerpt, FailureGroup, Health, Point, TrafficSample, TableChange } from '../messages.js'
 */
import { showCertificates } from './certificates.js';
import { Connection } from './connection.js';
import { byId, setText } from './dom.js';
import { Explainer } from './explain.js';
import { FailurePanel } from './failures.js';
import { timeOfDay } from './format.js';
import { HealthLine } from './health.js';
import { showChanges, showProblems } from './lists.js';
import { RoutesTable } from './routes.js';
import { wireThemeButton } from './theme.js';
import { TrafficCharts } from './traffic.js';

const traffic = new TrafficCharts(byId('charts'));
const health = new HealthLine();
const explainer = new Explainer();
const routes = new RoutesTable((url, at) => explainer.ask(url, at));
const failurePanel = new FailurePanel();
const outage = byId('outage');
/** Of the program that sent this page. */
let programVersion = '';

wireThemeButton(byId('theme'));
new Connection('dashboard/events', { history, sample, problems, changes, failures, certificates }, stateChanged);

/** @param {readonly Point[]} points */
function history(points) {
  traffic.begin(points);
}

/** @param {TrafficSample} sample */
function sample({ point, health: now }) {
  if (isReplaced(now)) return;
  if (point !== null) traffic.add(point);
  health.show(now);
  routes.refresh(now.configVersion, now.at);
  explainer.tableIs(now.configVersion);
}

/** @param {Diagnostics} found */
function problems(found) {
  health.showProblems(found);
  showProblems(found);
}

/** @param {readonly TableChange[]} found */
function changes(found) {
  showChanges(found);
}

/** @param {readonly FailureGroup[]} found */
function failures(found) {
  failurePanel.show(found);
}

/** @param {Excerpt<CertificateRow>} found */
function certificates(found) {
  showCertificates(found);
}

/** Another version of the program has another page. @param {Health} now */
function isReplaced({ program }) {
  if (programVersion !== '' && programVersion !== program.version) {
    location.reload();
    return true;
  }
  programVersion = program.version;
  return false;
}

/** @param {import('./connection.js').ConnectionState} state */
function stateChanged(state) {
  document.body.classList.toggle('stale', state !== 'live');
  if (state === 'lost') health.showPhase('unreachable', 'bad');
  else if (state === 'full') health.showPhase('not watching', 'odd');
  else if (state !== 'live') health.showPhase('connecting', '');
  const since = timeOfDay(Date.now(), Date.now());
  const said =
    state === 'lost'
      ? `No connection since ${since}. What is shown is from before; trying again every second.`
      : state === 'full' &&
        'Too many are watching this instance already: close another page, or wait for a free place.';
  setText(outage, said || '');
  outage.hidden = !said;
}

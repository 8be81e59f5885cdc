import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { textOf } from '../deploy/objects.ts';
import { needs } from '../support/installed.ts';
import { alerts, caseFiles, casesByAlert, RULES, records } from './rule-files.ts';
import { promtool } from './tools.ts';

/** Sections of a Markdown text by their anchors, as web interfaces make them of headings. */
function sections(markdown: string): Map<string, string> {
  const parts = markdown.split(/^#{2,4} /m).slice(1);
  return new Map(
    parts.map(part => {
      const [heading = '', ...lines] = part.split('\n');
      return [heading.toLowerCase().replaceAll(' ', '-'), lines.join('\n')];
    }),
  );
}

describe('the rules', () => {
  it('are what Prometheus takes', needs('promtool'), async () => {
    const { code, text } = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', RULES]);
    assert.equal(code, 0, text);
  });

  for (const file of caseFiles()) {
    it(`behave as ${basename(file)} says`, needs('promtool'), async () => {
      const { code, text } = await promtool(['test', 'rules', file]);
      assert.equal(code, 0, text);
    });
  }

  it('record series by the level:metric:operation of Prometheus, and use each of them', () => {
    for (const name of records()) {
      assert.match(name, /^service:kube_entry_[a-z_]+:[a-z0-9_]+$/);
      assert.ok(
        alerts().some(({ expr }) => expr.includes(name)),
        `${name} is used`,
      );
    }
  });
});

describe('each alert', () => {
  const known = casesByAlert();
  const texts = sections(textOf('README.md'));

  it('is known by one name', () => {
    const names = alerts().map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual([...known.keys()].sort(), names.sort(), 'the cases are about the alerts there are');
  });

  for (const { name, severity, annotations } of alerts()) {
    it(`${name} has a case in which it fires and one in which it does not`, () => {
      const { fires = 0, rests = 0 } = known.get(name) ?? {};
      assert.ok(fires > 0 && rests > 0, JSON.stringify({ fires, rests }));
    });

    it(`${name} says how bad it is, what happened and where to read on`, () => {
      assert.ok(['critical', 'warning', 'info'].includes(severity), severity);
      assert.match(String(annotations.summary), /^[A-Z].{10,80}\.$/);
      assert.match(String(annotations.description), /.{40,}\.$/);
      assert.equal(annotations.runbook_url, `deploy/README.md#${name.toLowerCase()}`);
    });

    it(`${name} has its section in deploy/README.md: what it means, where to look, what to do`, () => {
      const section = texts.get(name.toLowerCase());
      assert.ok(section !== undefined, `a heading ${name}`);
      assert.match(section, /^\n[A-Z`]/, 'what it means');
      assert.match(section, /^\*\*Look:\*\* /m);
      assert.match(section, /^\*\*Do:\*\* /m);
    });
  }

  it('and no other has a section', () => {
    const described = [...texts.keys()].filter(anchor => /^kubeentry[a-z]+$/.test(anchor));
    assert.deepEqual(
      described.sort(),
      alerts()
        .map(({ name }) => name.toLowerCase())
        .sort(),
    );
  });
});

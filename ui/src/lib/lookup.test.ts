import { describe, expect, it } from 'vitest';

import { makeCopy, makeFindings, makeSent } from '../test/factories';
import { objectName, refusedName, verdictOf } from './lookup';

const refused = {
  object_key: 'File|SHA-256|abc|def',
  indicator_id: '1',
  query_id: 'q1',
  position: 0,
  attempts: 2,
  error: null,
};

describe('verdictOf', () => {
  it.each([
    ['holds it', makeFindings({ sent: [makeSent(), makeSent()] }), 'good', '2 valid objects'],
    ['holds part', makeFindings({ sent: [makeSent()], refused: [refused] }), 'warning', 'refused'],
    ['refused it', makeFindings({ refused: [refused] }), 'warning', 'refused it'],
    ['had it', makeFindings({ sent: [makeSent({ state: 'withdrawn' })] }), 'neutral', 'had it'],
    ['will get it', makeFindings({ copies: [makeCopy({ fate: 'chosen' })] }), 'active', 'yet'],
    ['was not given', makeFindings({ copies: [makeCopy({ fate: 'withheld' })] }), 'neutral', 'Why'],
    ['does not know', makeFindings({ source_error: 'No answer.' }), 'warning', 'could not say'],
    ['never saw it', makeFindings(), 'neutral', 'no copy'],
  ] as const)('says that Sentinel %s', (_words, findings, tone, text) => {
    const verdict = verdictOf(findings);
    expect(verdict.tone).toBe(tone);
    expect(verdict.text).toContain(text);
  });
});

it('names objects and what was refused', () => {
  expect(objectName('Host', null)).toBe('Host');
  expect(refusedName(refused)).toBe('File, SHA-256 hash');
  expect(refusedName({ ...refused, object_key: 'Host||a|b' })).toBe('Host');
});

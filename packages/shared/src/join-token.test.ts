import test from 'ava';
import { formatJoinToken, newJoinToken, parseJoinToken } from './join-token.ts';

const fingerprint = 'ab'.repeat(32);

test('a join token is one word that says all three of its parts', (t) => {
  const token = newJoinToken(fingerprint);
  const text = formatJoinToken(token);
  t.regex(text, /^mecs1\.[0-9a-f]{16}\.[\w-]{43}\.[0-9a-f]{64}$/);
  t.deepEqual(parseJoinToken(` ${text}\n`), token);
});

test('no two tokens are alike', (t) => {
  const tokens = Array.from({ length: 100 }, () => newJoinToken(fingerprint));
  t.is(new Set(tokens.map(({ id }) => id)).size, 100);
  t.is(new Set(tokens.map(({ secret }) => secret)).size, 100);
});

test('what was cut short, or is of another form, is no token', (t) => {
  const text = formatJoinToken(newJoinToken(fingerprint));
  for (const wrong of ['', 'mecs1', text.slice(0, -1), text.slice(1), `${text}0`, text.replace('mecs1', 'mecs2'), `${text}.x`]) {
    t.is(parseJoinToken(wrong), undefined, wrong);
  }
});

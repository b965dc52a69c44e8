import test from 'ava';
import fc from 'fast-check';
import { anInstance } from './placement-builders.ts';
import { evaluate, parseExpression, type InstanceFacts } from './query-language.ts';
import { parseDate } from './value-order.ts';

const instance = anInstance('one', { attributes: { a: '1', b: '2' } });

interface Written {
  text: string;
  holds: boolean;
}

/** Expressions written together with what they come to. */
const { written } = fc.letrec<{ written: Written; condition: Written }>((tie) => ({
  condition: fc
    .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), fc.constantFrom('==', '!=', 'equals', 'not_equals'))
    .map(([name, value, operator]) => ({
      text: `attribute:${name} ${operator} ${value}`,
      holds: (instance.attributes[name] === value) === !/!|not/.test(operator),
    })),
  written: fc.oneof(
    { depthSize: 'small' },
    tie('condition'),
    tie('written').map(({ text, holds }) => ({ text: `not (${text})`, holds: !holds })),
    fc.tuple(tie('written'), fc.constantFrom('and', '&&'), tie('written')).map(([left, operator, right]) => ({
      text: `(${left.text}) ${operator} (${right.text})`,
      holds: left.holds && right.holds,
    })),
    fc
      .tuple(tie('written'), fc.constantFrom('or', '||'), tie('written'))
      .map(([left, operator, right]) => ({ text: `(${left.text})${operator}(${right.text})`, holds: left.holds || right.holds })),
  ),
}));

test('an expression comes to what its parts come to', (t) => {
  fc.assert(
    fc.property(written, ({ text, holds }) => {
      fc.pre(text.length <= 2000);
      const parsed = parseExpression(text);
      t.is(parsed.ok && evaluate(parsed.expression, instance), holds, text);
    }),
    { numRuns: 1000 },
  );
});

const piece = fc.constantFrom(
  ...'attribute:a|task:group|agentVersion|runningTasksCount|registeredAt|==|!=|=~|!~|in|!in|exists|<|>=|[|]|,|(|)|and|or|not|!|&&|1|2018-01-01|x.*|"|\''.split(
    '|',
  ),
  '||',
);

test('any text is either read or refused with a position inside of it', (t) => {
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(' ')),
  );
  fc.assert(
    fc.property(text, (text) => {
      const parsed = parseExpression(text);
      if (parsed.ok) t.is(typeof evaluate(parsed.expression, instance satisfies InstanceFacts), 'boolean');
      else t.true(parsed.position >= 0 && parsed.position <= text.length && parsed.expected !== '');
    }),
    { numRuns: 2000 },
  );
});

test('dates are read as the calendar has them', (t) => {
  const day = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
  fc.assert(
    fc.property(day, (date) => {
      const text = date.toISOString().slice(0, 19);
      const expected = Date.parse(`${text}Z`);
      t.is(parseDate(text), expected);
      t.is(parseDate(`${text}Z`), expected);
      t.is(parseDate(`${text}+02:30`), expected - 9_000_000);
      t.is(parseDate(text.slice(0, 10)), Date.parse(`${text.slice(0, 10)}T00:00:00Z`));
    }),
  );
});

/** Changes to a request that its author would not make: other types, sizes, names, nesting, members. */
import type { Dice } from '../simulation/dice.ts';
import { oddNumbers, oddTexts } from '../support/schema-inputs.ts';
import type { Known } from './known-objects.ts';

type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/** One to three changes somewhere in a copy of the input. */
export function mutated(input: object, dice: Dice, known: Known): unknown {
  let changed = JSON.parse(JSON.stringify(input)) as Json;
  for (let count = dice.whole(1, 3); count > 0; count -= 1) changed = mutatedAt(changed, dice, known);
  return changed;
}

/** Here, or further down with the more probability the more there is. */
function mutatedAt(value: Json, dice: Dice, known: Known): Json {
  if (Array.isArray(value)) {
    if (value.length === 0 || dice.chance(0.3)) return mutatedList(value, dice, known);
    const at = dice.below(value.length);
    return value.map((item, index) => (index === at ? mutatedAt(item, dice, known) : item));
  }
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    if (names.length === 0 || dice.chance(0.2)) return mutatedMembers(value, dice, known);
    const name = dice.pick(names);
    return { ...value, [name]: mutatedAt(value[name] ?? null, dice, known) };
  }
  return dice.chance(0.7) ? ofTheSameType(value, dice, known) : anything(dice, known);
}

function mutatedList(list: Json[], dice: Dice, known: Known): Json {
  const [first = 'x'] = list;
  return dice.pick<() => Json>([
    () => [],
    () => [...list, ...list],
    () => Array.from({ length: dice.pick([11, 101, 1_000]) }, () => first),
    () => [...list, anything(dice, known)],
    () => [null],
    () => first,
    () => [list],
  ])();
}

function mutatedMembers(members: { [member: string]: Json }, dice: Dice, known: Known): Json {
  const without = Object.fromEntries(Object.entries(members).filter(() => dice.chance(0.7)));
  const odd = dice.pick(['unknown', '__proto__', 'constructor', 'toString', '', '💥', 'x'.repeat(1_000)]);
  return dice.pick<() => Json>([
    () => without,
    () => ({ ...members, ...fromEntry(odd, anything(dice, known)) }),
    () => [members],
    () => JSON.stringify(members),
    () => ({}),
    () => null,
  ])();
}

/** `__proto__` too as a member of its own. */
const fromEntry = (name: string, value: Json): { [member: string]: Json } => Object.fromEntries([[name, value]]);

function ofTheSameType(value: null | boolean | number | string, dice: Dice, known: Known): Json {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number')
    return dice.pick([...oddNumbers, value + 1, -value, value * 1_000, 1e21, -0, 5e-324, 2 ** 53 + 2]);
  return oddText(value ?? '', dice, known);
}

function oddText(text: string, dice: Dice, known: Known): string {
  const real = [...known.arns.items, ...known.tasks.items.map(({ name }) => name), ...known.nextTokens.items];
  return dice.pick<() => string>([
    () => dice.pick(oddTexts),
    () => dice.pick([...oddTexts, ...real]),
    () => text.toUpperCase(),
    () => `${text} `,
    () => text.repeat(dice.pick([2, 300])),
    () => text.slice(0, -1),
    () =>
      `${text.slice(0, text.length / 2)}${dice.pick(['\u0000', '\ud800', '\u202e', '/', ':', '{', '}', "'", '\n', '%s', '../'])}${text.slice(text.length / 2)}`,
    () => text.replaceAll(/\d/g, '9'),
    () => text.replace('us-east-1', 'eu-west-1').replace('000000000000', '123456789012'),
    () =>
      dice.pick([
        '(',
        '(attribute:a == b',
        '('.repeat(500),
        `${'not '.repeat(2_000)}a`,
        'attribute:a =~ (a+)+$',
        'attribute:a =~ [',
        'a == a and '.repeat(300),
      ]),
  ])();
}

function anything(dice: Dice, known: Known): Json {
  return dice.pick<() => Json>([
    () => null,
    () => dice.chance(0.5),
    () => dice.pick(oddNumbers),
    () => oddText('x', dice, known),
    () => [],
    () => ({}),
    () => nested(dice.pick([5, 100, 2_000])),
    () => 'x'.repeat(dice.pick([10_000, 100_000])),
  ])();
}

const nested = (depth: number): Json => {
  let value: Json = 'deep';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { containerDefinitions: value };
  return value;
};

/** Inputs of ECS operations made from the operations' own schemas: right shapes with odd values, and wrong shapes. */
import { NormalizedSchema } from '@smithy/core/schema';
import fc from 'fast-check';

const arn = 'arn:aws:ecs:us-east-1:000000000000:';

/** Names that mean something in a cluster that tests made, and such as break a careless program. */
export const oddTexts = [
  'default',
  'web',
  'web:1',
  'ACTIVE',
  'RUNNING',
  '',
  '0',
  '@',
  '__proto__',
  'constructor',
  'a'.repeat(300),
  '{x}',
  '\u0000',
  '💥',
  ...['cluster/default', 'service/default/web', 'task/default/0', 'task-definition/web:1', 'x/y'].map((rest) => arn + rest),
] as const;

export const oddNumbers = [0, 1, -1, 10, 100, 101, 2 ** 31 - 1, 2 ** 31, 0.5, 1e300] as const;

const texts = fc.oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'binary', maxLength: 20 }));
const numbers = fc.oneof(fc.constantFrom(...oddNumbers), fc.integer());
const anything = fc.oneof(
  texts,
  numbers,
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Inputs of the shape that the schema (of an operation's input) wants, with a wrong one among their parts now and then. */
export const inputsOf = (schema: unknown): fc.Arbitrary<unknown> =>
  properShapeOf(NormalizedSchema.of(schema as Parameters<typeof NormalizedSchema.of>[0]), 0);

function shapeOf(schema: NormalizedSchema, depth: number): fc.Arbitrary<unknown> {
  const proper = properShapeOf(schema, depth);
  return fc.oneof({ weight: 60, arbitrary: proper }, { weight: 1, arbitrary: anything });
}

function properShapeOf(schema: NormalizedSchema, depth: number): fc.Arbitrary<unknown> {
  if (depth > 6) return anything;
  if (schema.isStructSchema()) {
    const members = [...schema.structIterator()].map(([name, member]) => [name, shapeOf(member, depth + 1)] as const);
    return fc.record(Object.fromEntries(members), { requiredKeys: [] });
  }
  if (schema.isListSchema()) return fc.array(shapeOf(schema.getValueSchema(), depth + 1), { maxLength: 3 });
  if (schema.isMapSchema()) return fc.dictionary(texts, shapeOf(schema.getValueSchema(), depth + 1), { maxKeys: 3 });
  if (schema.isBooleanSchema()) return fc.boolean();
  return schema.isNumericSchema() ? numbers : texts;
}

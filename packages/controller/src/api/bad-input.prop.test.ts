/**
 * Whatever is sent, the answer is a success or an AWS error of the caller's: never 500, never a hang. Inputs are made from the
 * schemas of the operations themselves: right shapes with odd values, and wrong shapes.
 */
import * as ecs from '@aws-sdk/client-ecs';
import { NormalizedSchema } from '@smithy/core/schema';
import test from 'ava';
import fc from 'fast-check';
import { ApiServerFixture } from '../../../../test/support/api-server.ts';
import { aService, aTask } from '../../../../test/support/stored-records.ts';
import { ecsService } from './aws-json-service.ts';
import { ecsOperations } from './operations/index.ts';

let api: ApiServerFixture;
test.before(async () => {
  api = await ApiServerFixture.start();
  await api.ecs.send(new ecs.CreateClusterCommand({}));
  const containerDefinitions = [{ name: 'app', image: 'busybox', memory: 8 }];
  await api.ecs.send(new ecs.RegisterTaskDefinitionCommand({ family: 'web', containerDefinitions }));
  await aService(api.store, 'default', { name: 'web' });
  await aTask(api.store, 'default', {});
});
test.after.always(() => api.close());

const arn = 'arn:aws:ecs:us-east-1:000000000000:';
const texts = fc.oneof(
  fc.constantFrom(
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
  ),
  fc
    .constantFrom('cluster/default', 'service/default/web', 'task/default/0', 'task-definition/web:1', 'x/y')
    .map((rest) => arn + rest),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const numbers = fc.oneof(fc.constantFrom(0, 1, -1, 10, 100, 101, 2 ** 31 - 1, 2 ** 31, 0.5, 1e300), fc.integer());
const anything = fc.oneof(
  texts,
  numbers,
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
  fc.jsonValue({ maxDepth: 2 }),
);

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

const { operations, schemas } = ecsService(ecsOperations);

for (const name of operations.keys()) {
  test(`${name} answers any input with success or an error of the caller's`, async (t) => {
    const schema = schemas.get(name);
    if (!schema) return t.fail();
    const inputs = properShapeOf(NormalizedSchema.of(schema[4]), 0);
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const { status, body } = await api.call(name, input);
        t.true(status === 200 || status === 400, `${status} ${JSON.stringify(body)} for ${JSON.stringify(input)}`);
        if (status === 400) t.regex(String(body['__type']), /^[A-Z][A-Za-z]+$/);
        if (status === 400) t.not(body['message'], '');
      }),
      { numRuns: 20, endOnFailure: true, interruptAfterTimeLimit: 5_000 },
    );
    t.pass();
  });
}

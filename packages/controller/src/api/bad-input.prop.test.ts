/**
 * Whatever is sent, the answer is a success or an AWS error of the caller's: never 500, never a hang. Inputs are made from the
 * schemas of the operations themselves: right shapes with odd values, and wrong shapes.
 */
import * as ecs from '@aws-sdk/client-ecs';
import test from 'ava';
import fc from 'fast-check';
import { ApiServerFixture } from '../../../../test/support/api-server.ts';
import { inputsOf } from '../../../../test/support/schema-inputs.ts';
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
test.after.always(() => api?.close());

const { operations, schemas } = ecsService(ecsOperations);

for (const name of operations.keys()) {
  test(`${name} answers any input with success or an error of the caller's`, async (t) => {
    const schema = schemas.get(name);
    if (!schema) return t.fail();
    const inputs = inputsOf(schema[4]);
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const { status, body } = await api.call(name, input);
        t.true(status === 200 || status === 400, `${status} ${JSON.stringify(body)} for ${JSON.stringify(input)}`);
        if (status === 400) t.regex(String(body['__type']), /^[A-Z][A-Za-z]+$/);
        if (status === 400) t.not(body['message'], '');
      }),
      { numRuns: 20, endOnFailure: true, timeout: 30_000 },
    );
    t.pass();
  });
}

import test from 'ava';
import { newDeploymentId, newId } from './ids.ts';

test('ids are 32 hex digits, all different', (t) => {
  const ids = Array.from({ length: 2_000 }, newId);
  for (const id of ids) t.regex(id, /^[0-9a-f]{32}$/);
  t.is(new Set(ids).size, ids.length);
});

test('a deployment id is ecs-svc/ and 19 digits', (t) => {
  for (let i = 0; i < 100; i += 1) t.regex(newDeploymentId(), /^ecs-svc\/\d{19}$/);
});

import test from 'ava';
import { instanceUri, isInstanceName, readInstanceName } from './instance-name.ts';

const instance = 'a1'.repeat(16);

test("a certificate's name is read as it was written", (t) => {
  const name = { cluster: 'my_cluster-1', instance };
  t.true(isInstanceName(name));
  t.deepEqual(readInstanceName(`URI:${instanceUri(name)}`), name);
});

test('no cluster or instance can be made to look like another', (t) => {
  for (const name of [
    { cluster: 'a/b', instance },
    { cluster: '', instance },
    { cluster: 'a, URI:mini-ecs:instance/b', instance },
    { cluster: 'default', instance: instance.toUpperCase() },
    { cluster: 'default', instance: `${instance}0` },
  ]) {
    t.false(isInstanceName(name), JSON.stringify(name));
  }
});

test('a certificate with other names, or several, is no instance', (t) => {
  const uri = instanceUri({ cluster: 'default', instance });
  for (const names of [
    undefined,
    '',
    'DNS:controller.mini-ecs.internal',
    `URI:${uri}, DNS:localhost`,
    `URI:${uri}, URI:${uri}`,
  ]) {
    t.is(readInstanceName(names), undefined, names);
  }
});

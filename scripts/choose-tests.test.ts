import test from 'ava';
import { chooseTests } from './choose-tests.ts';

const suites = {
  unit: [
    'packages/agent/src/config.test.ts',
    'packages/controller/src/config.test.ts',
    'packages/controller/src/api/sigv4.test.ts',
  ],
  contract: ['test/contract/store.test.ts', 'test/contract/store-twins.prop.test.ts'],
  faults: ['test/faults/faults.test.ts', 'test/faults/check-history.test.ts'],
  e2e: ['test/e2e/faults.test.ts', 'test/e2e/sdk.test.ts'],
};

test('without names every suite runs whole, in its order', (t) => {
  t.deepEqual(chooseTests([], suites), { chosen: Object.entries(suites), unknown: [] });
});

test('suites are chosen by name, and run in their own order', (t) => {
  const { chosen } = chooseTests(['e2e', 'contract'], suites);
  t.deepEqual(chosen, [
    ['contract', suites.contract],
    ['e2e', suites.e2e],
  ]);
});

test('a file is chosen by its name, in every suite that has one of that name', (t) => {
  t.deepEqual(chooseTests(['sdk', 'config'], suites).chosen, [
    ['unit', ['packages/agent/src/config.test.ts', 'packages/controller/src/config.test.ts']],
    ['e2e', ['test/e2e/sdk.test.ts']],
  ]);
});

test('properties are chosen by the name of what they are properties of', (t) => {
  t.deepEqual(chooseTests(['store-twins'], suites).chosen, [['contract', ['test/contract/store-twins.prop.test.ts']]]);
  t.deepEqual(chooseTests(['store'], suites).chosen, [['contract', ['test/contract/store.test.ts']]]);
});

test('a name that suite and file share means the suite; a file of a suite that is named runs once', (t) => {
  t.deepEqual(chooseTests(['faults', 'check-history'], suites).chosen, [['faults', suites.faults]]);
});

test('names of neither are told', (t) => {
  t.deepEqual(chooseTests(['sigv4', 'sigv5', 'constructor'], suites).unknown, ['sigv5', 'constructor']);
});

import test from 'ava';
import { Command } from 'commander';
import { addSettings, environmentOf, type Setting } from './settings.ts';

const settings: Setting[] = [
  { env: 'MINI_ECS_TEST_PORT', flag: '--test-port <port>', default: 7070, description: 'the port' },
  { env: 'MINI_ECS_TEST_OPEN', flag: '--test-open', description: 'whether it is open' },
];

const parse = (...args: string[]): Command => addSettings(new Command('program'), settings).parse(args, { from: 'user' });

test('a flag goes into the environment under its variable, and wins over it', (t) => {
  process.env['MINI_ECS_TEST_PORT'] = '1';
  t.teardown(() => delete process.env['MINI_ECS_TEST_PORT']);
  t.is(environmentOf(parse(), settings)['MINI_ECS_TEST_PORT'], '1');
  t.is(environmentOf(parse('--test-port', '2'), settings)['MINI_ECS_TEST_PORT'], '2');
  t.is(environmentOf(parse('--test-open'), settings)['MINI_ECS_TEST_OPEN'], 'true');
});

test('help names the variable and the default of every setting', (t) => {
  const help = parse().helpInformation().replaceAll(/\s+/g, ' ');
  t.regex(help, /--test-port <port> the port \(MINI_ECS_TEST_PORT, default 7070\)/);
  t.regex(help, /--test-open whether it is open \(MINI_ECS_TEST_OPEN\)/);
});

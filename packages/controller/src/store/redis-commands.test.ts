import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { commandNames, loadCommands } from './redis-commands.ts';

const directory = new URL('./commands/', import.meta.url);

test('every Lua file is a command, and every command has its file', (t) => {
  const files = readdirSync(directory).filter((name) => name.endsWith('.lua'));
  t.deepEqual(files.map((name) => name.replace('.lua', '')).sort(), [...commandNames].sort());
});

test('every command opens with its guarantee, its KEYS, its ARGV and its reply', (t) => {
  for (const name of commandNames) {
    t.regex(
      readFileSync(new URL(`${name}.lua`, directory), 'utf8'),
      /^-- [A-Z][\s\S]+?\n-- KEYS\[1\] +\S[\s\S]+?\n-- ARGV +\S[\s\S]+?\n-- Reply +\S/,
      name,
    );
  }
});

test('a command carries each include once, after those that it needs itself', (t) => {
  const { lua } = loadCommands(10)['commit-service'];
  const places = ['local key =', 'local function argument()', 'local function changed(', 'local function end_task('].map(
    (text) => {
      t.is(lua.split(text).length, 2, text);
      return lua.indexOf(text);
    },
  );
  t.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
  t.not(loadCommands(20)['commit-service'].sha, loadCommands(10)['commit-service'].sha);
});

/** `npm run bench:<name>`: sets up what is missing, then runs test/bench/<name>.ts, whose last line on stdout is one JSON object. */
import { clusterPrograms, installMissing } from '@mini-ecs/lab';
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';

const [name = '', ...args] = process.argv.slice(2);
const file = path.resolve(`test/bench/${name}.ts`);
if (name === '' || !existsSync(file)) {
  const names = globSync('test/bench/*.ts').map((each) => path.basename(each, '.ts'));
  console.error(`usage: npm run bench:<name>, with one of ${names.join(', ')}`);
  process.exit(2);
}
await installMissing(clusterPrograms, (line) => console.error(line));
// The benchmark reads its own arguments, as if it had been started directly.
process.argv = [process.argv[0] ?? '', file, ...args];
await import(file);

#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can run: hands over to the project's own Node (the npm package
// `node`, version 24), which runs TypeScript directly. A Node that is new enough goes on by itself.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('mini-ecs.ts', import.meta.url));

/** Of the workspace, or of whatever the package is installed in. */
function projectNode() {
  for (let folder = path.dirname(program); ; folder = path.dirname(folder)) {
    const node = path.join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(node)) return node;
    if (path.dirname(folder) === folder) return undefined;
  }
}

if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import('./mini-ecs.ts');
} else {
  const node = projectNode();
  if (!node) {
    console.error(`mini-ecs needs Node 24 or newer; this is ${process.version}. Run "npm ci" in its folder, which installs one.`);
    process.exit(1);
  }
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the whole foreground group by itself; the child decides when it is done.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

/** One quickstart a data directory: a file names the process that runs it, and is believed only while that process lives. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Gives what releases it. Throws when another quickstart lives. */
export async function holdLock(file: string, advice: string): Promise<() => Promise<void>> {
  const holder = await readHolder(file);
  if (holder !== undefined && holder !== process.pid && isMiniEcs(holder)) {
    throw new Error(
      `another mini-ecs up (process ${holder}) runs in ${path.dirname(file)}. End it with Ctrl-C, or to run a second one beside it, ${advice}`,
    );
  }
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${JSON.stringify({ pid: process.pid })}\n`);
  return () => rm(file, { force: true });
}

async function readHolder(file: string): Promise<number | undefined> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}

/** A pid may be anyone's by now. */
export function isMiniEcs(pid: number): boolean {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes('mini-ecs');
  } catch {
    return false;
  }
}

/** One quickstart a data directory: a record names the process that runs it, and is believed only while that process lives. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readQuickstart, removeQuickstart, writeQuickstart } from '../client-settings.ts';
import { advice } from './quickstart-cluster.ts';

/** Gives what releases it. Throws when another quickstart lives. */
export function holdLock(dataDir: string): () => void {
  const holder = readQuickstart(dataDir)?.pid;
  if (holder !== undefined && holder !== process.pid && isMiniEcs(holder)) {
    throw new Error(
      `another mini-ecs up (process ${holder}) runs in ${dataDir}. End it with Ctrl-C, or to run a second one beside it, ${advice.ports}`,
    );
  }
  writeQuickstart(dataDir, { pid: process.pid });
  return () => removeQuickstart(dataDir);
}

/** A pid may be anyone's by now. */
export function isMiniEcs(pid: number): boolean {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('mini-ecs');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes('mini-ecs');
  } catch {
    return false;
  }
}

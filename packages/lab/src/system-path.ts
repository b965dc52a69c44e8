/** `su` without `-` and some CI shells leave out the folders of the system's own programs. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The folders to look for programs in: those of PATH, then the system's. */
export function searchPath(): string[] {
  const folders = (process.env['PATH'] ?? '').split(':').filter(Boolean);
  return [...new Set([...folders, ...systemFolders])];
}

/** For this process and everything that it starts. */
export function useSystemPath(): void {
  process.env['PATH'] = searchPath().join(':');
}

/** A container image made from the machine's static busybox: tests and the quickstart reach no registry. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** The name under which every engine of a lab has the image. */
export const sampleImage = 'mini-ecs/sample:latest';

const candidates = ['/bin/busybox', '/usr/bin/busybox', '/usr/local/bin/busybox'];

/** The machine's busybox, if it has one that runs without the machine's libraries. */
export const staticBusybox = (): string | undefined =>
  candidates.find((file) => existsSync(file) && isStatic(readFileSync(file)));

/** Whether an ELF program (64 bits, little-endian) names no interpreter, which would load its libraries (PT_INTERP, 3). */
function isStatic(program: Buffer): boolean {
  const offset = Number(program.readBigUInt64LE(32));
  const size = program.readUInt16LE(54);
  const count = program.readUInt16LE(56);
  return !Array.from({ length: count }, (_, index) => program.readUInt32LE(offset + index * size)).includes(3);
}

/** A root file system as a tar archive: busybox, a link for each of its commands, and a few folders. */
export function busyboxRootfs(): Buffer {
  const busybox = staticBusybox();
  if (!busybox) throw new Error('No static busybox found: install the package busybox-static.');
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  const entries = [
    ...['bin/', 'etc/', 'tmp/', 'var/', 'www/'].map((name) =>
      header(name, { type: '5', mode: name === 'tmp/' ? 0o1777 : 0o755 }),
    ),
    ...file('bin/busybox', readFileSync(busybox), 0o755),
    ...file('etc/passwd', Buffer.from('root:x:0:0:root:/:/bin/sh\n'), 0o644),
    ...applets
      .filter((name) => name !== 'busybox')
      .map((name) => header(`bin/${name}`, { type: '2', mode: 0o777, link: 'busybox' })),
  ];
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

function file(name: string, content: Buffer, mode: number): Buffer[] {
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return [header(name, { type: '0', mode, size: content.length }), content, padding];
}

/** A ustar header: fixed fields of text, numbers in octal, and a sum over all bytes with its own field read as blanks. */
function header(name: string, entry: { type: '0' | '2' | '5'; mode: number; size?: number; link?: string }): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, length: number): string => value.toString(8).padStart(length, '0');
  block.write(name, 0, 100);
  block.write(octal(entry.mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(entry.size ?? 0, 11), 124);
  block.write(octal(0, 11), 136);
  block.write('        ', 148);
  block.write(entry.type, 156);
  block.write(entry.link ?? '', 157, 100);
  block.write('ustar\u000000', 257);
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return block;
}
